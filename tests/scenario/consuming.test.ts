import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { Event, EventKey } from "@mdk/core"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { collect, groupOf, inWorld } from "./in_world.ts"

const pair = ["ann", "bob"] as const
const textIn = (event: Event): string | undefined =>
  event._tag === "MessageReceived" && event.message.content._tag === "Text"
    ? event.message.content.text
    : undefined

describe("consumers", () => {
  it("see each event until they succeeded, across restarts, in order, each under its key", () =>
    inWorld({ members: pair }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        for (let n = 0; n < 6; n++) yield* world.ann.messages.send(group.id, `${n}`)
        yield* world.settle
        const done: Array<string> = []
        const offered: Array<EventKey> = []
        const take = (event: Event) =>
          Effect.suspend(() => {
            const text = textIn(event)
            if (text === undefined) return Effect.void
            offered.push(event.key)
            // Cut off in the middle of the fourth.
            if (text === "3" && done.length === 3 && offered.length === 4) return Effect.never
            return Effect.sync(() => done.push(text))
          })
        const first = yield* Effect.forkChild(
          world.bob.events.consume("c", take, { from: "first" }),
        )
        yield* world.settle
        yield* Fiber.interrupt(first)
        const bob = yield* world.restart("bob")
        const second = yield* Effect.forkChild(bob.events.consume("c", take))
        yield* world.settle
        yield* world.ann.messages.send(group.id, "6")
        yield* world.settle
        yield* Fiber.interrupt(second)
        assert.deepEqual(done, ["0", "1", "2", "3", "4", "5", "6"])
        assert.equal(offered.length, 8)
        assert.equal(new Set(offered).size, 7)
      })))

  it("park an event that keeps failing, and only that one", () =>
    inWorld({ members: pair }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        for (const text of ["a", "bad", "b"]) yield* world.ann.messages.send(group.id, text)
        yield* world.settle
        let tries = 0
        const seen: Array<string> = []
        const fiber = yield* Effect.forkChild(world.bob.events.consume("c", (event) => {
          const text = textIn(event)
          if (text !== "bad") return Effect.sync(() => text !== undefined && seen.push(text))
          tries++
          return tries % 2 === 0 ? Effect.die("a bug") : Effect.fail("no")
        }, { from: "first", attempts: 3 }))
        yield* world.settle
        yield* Fiber.interrupt(fiber)
        assert.deepEqual([seen, tries], [["a", "b"], 3])
        const again = yield* collect(yield* world.restart("bob"), "c")
        yield* world.settle
        yield* again.stop
        assert.deepEqual(again.seen.map(textIn).filter((text) => text !== undefined), [])
      })))

  it("begin with what comes, or with all there is, and do not disturb each other", () =>
    inWorld({ members: pair }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.ann.messages.send(group.id, "old")
        yield* world.settle
        const now = yield* collect(world.bob, "now", "now")
        const all = yield* collect(world.bob, "all")
        yield* world.settle
        yield* world.ann.messages.send(group.id, "new")
        yield* world.settle
        const texts = (events: ReadonlyArray<Event>) =>
          events.map(textIn).filter((text) => text !== undefined)
        assert.deepEqual(texts(now.seen), ["new"])
        assert.deepEqual(texts(all.seen), ["old", "new"])
        const name = yield* Effect.flip(world.bob.events.consume("", () => Effect.void))
        assert.equal(name.reason, "consumer-name")
      })))

  it("do not let one group's slow handler hold up another group", () =>
    inWorld({ members: pair }, (world) =>
      Effect.gen(function* () {
        const slow = yield* groupOf(world, "ann", ["bob"], "slow")
        const fast = yield* groupOf(world, "ann", ["bob"], "fast")
        yield* world.ann.messages.send(slow.id, "slow")
        yield* world.ann.messages.send(fast.id, "fast")
        yield* world.settle
        const seen: Array<string> = []
        const fiber = yield* Effect.forkChild(world.bob.events.consume("c", (event) => {
          const text = textIn(event)
          if (text === "slow") return Effect.never
          return Effect.sync(() => text !== undefined && seen.push(text))
        }, { from: "first" }))
        yield* world.settle
        yield* Fiber.interrupt(fiber)
        assert.deepEqual(seen, ["fast"])
      })))

  it("tell of invitations, changes of a group, sends, reactions and edits", () =>
    inWorld({ members: ["ann", "bob", "cleo"] }, (world) =>
      Effect.gen(function* () {
        const ann = yield* collect(world.ann, "c")
        const bob = yield* collect(world.bob, "c")
        const live = yield* Effect.forkChild(
          Stream.runCollect(Stream.take(world.bob.events.live, 2)),
        )
        yield* world.settle
        const group = yield* groupOf(world, "ann", ["bob"])
        const sent = yield* world.ann.messages.send(group.id, "x")
        yield* world.settle
        yield* world.bob.messages.react(sent.messageId, "👍")
        yield* world.ann.groups.invite(group.id, [world.cleo.account.publicKey])
        yield* world.settle
        const tags = (events: ReadonlyArray<Event>) => new Set(events.map(({ _tag }) => _tag))
        assert.deepEqual(
          [...tags(ann.seen)].toSorted(),
          ["GroupChanged", "MessageChanged", "MessageReceived", "SendChanged"],
        )
        // An invitation that was answered is not told of any more.
        assert.ok(tags(bob.seen).has("GroupChanged"))
        const system = bob.seen.find((event) =>
          event._tag === "MessageReceived" && event.message.content._tag === "System"
        )
        assert.ok(system !== undefined)
        const first = yield* Fiber.join(live)
        assert.equal(first[0]?._tag, "Invited")
      })))
})
