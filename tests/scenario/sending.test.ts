import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { SendState } from "@mdk/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { groupOf, inWorld, textsOf } from "./in_world.ts"

const pair = ["ann", "bob"] as const
const tag = (state: Effect.Effect<SendState, unknown>) =>
  Effect.map(Effect.orDie(state), ({ _tag }) => _tag)

describe("sending", () => {
  it("tells Unconfirmed while no relay answers, and publishes the same bytes when one does", () =>
    inWorld({ members: pair, relays: 2 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.relays.partition([0, 1])
        const sent = yield* world.ann.messages.send(group.id, "is anybody there?")
        assert.equal(yield* tag(sent.state), "Queued")
        yield* world.settle
        assert.equal(yield* tag(sent.state), "Unconfirmed")
        const ann = yield* world.restart("ann")
        const again = yield* ann.messages.handle(sent.id)
        assert.equal(again.messageId, sent.messageId)
        yield* world.relays.heal
        yield* world.settle
        const state = yield* again.state
        assert.deepEqual(state, {
          _tag: "Published",
          relays: { accepted: 2, rejected: 0, unanswered: 0, of: 2 },
        })
        assert.deepEqual(yield* textsOf(world.bob, group.id), ["is anybody there?"])
        const ids = world.relays.network.relays.map((relay) =>
          relay.query([{ kinds: [445] }], [], 2_000_000_000).map(({ id }) => id).join()
        )
        assert.equal(new Set(ids).size, 1)
      })))

  it("sends one message for one key, also across a restart", () =>
    inWorld({ members: pair }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const first = yield* world.ann.messages.send(group.id, "once", { once: "key" })
        const second = yield* world.ann.messages.send(group.id, "once", { once: "key" })
        const ann = yield* world.restart("ann")
        const third = yield* ann.messages.send(group.id, "once", { once: "key" })
        assert.deepEqual([second.id, third.id], [first.id, first.id])
        const refused = yield* Effect.flip(ann.messages.send(group.id, "x", { once: "" }))
        assert.equal(refused.reason, "once-key")
        yield* world.settle
        assert.deepEqual(yield* textsOf(world.bob, group.id), ["once"])
      })))

  it("makes two messages of two equal texts in one second", () =>
    inWorld({ members: pair }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.ann.messages.send(group.id, "knock")
        yield* world.ann.messages.send(group.id, "knock")
        yield* world.settle
        assert.deepEqual(yield* textsOf(world.bob, group.id), ["knock", "knock"])
      })))

  it("fails for good when every relay refuses, and keeps the message for its author", () =>
    inWorld({ members: pair }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        for (const relay of world.relays.network.relays) relay.setRefusal("blocked: not you")
        const sent = yield* world.ann.messages.send(group.id, "blocked")
        const states = yield* Stream.runCollect(sent.changes).pipe(
          Effect.map((all) => all.map(({ _tag }) => _tag)),
          Effect.forkChild,
        )
        yield* world.settle
        const failed = yield* Effect.flip(sent.published)
        assert.equal(failed.reason, "failed")
        assert.equal((yield* sent.state)._tag, "Failed")
        assert.ok(states.pollUnsafe() !== undefined, "changes end after a final state")
        const [message] = (yield* world.ann.messages.page(group.id)).items
        assert.equal(message?.send?._tag, "Failed")
      })))

  it("refuses what does not fit before anything is stored", () =>
    inWorld({ members: pair }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const large = yield* Effect.flip(world.ann.messages.send(group.id, "x".repeat(32_001)))
        assert.equal(large.reason, "too-large")
        const other = yield* Effect.flip(
          world.ann.messages.send(group.id, { kind: 9000, content: "x".repeat(60_000) }),
        )
        assert.equal(other.reason, "too-large")
        const empty = yield* Effect.flip(world.ann.messages.send(group.id, ""))
        assert.equal(empty.reason, "invalid-argument")
        const half = yield* Effect.flip(world.ann.messages.send(group.id, "\ud800"))
        assert.equal(half.reason, "invalid-argument")
        assert.deepEqual((yield* world.ann.messages.page(group.id)).items, [])
        assert.equal((yield* world.ann.sync()).unsent, 0)
        yield* world.ann.messages.send(group.id, "x".repeat(32_000))
        yield* world.settle
        assert.equal((yield* world.bob.messages.page(group.id)).items.length, 1)
      })))

  it("reads and queues offline, and sends at the next start", () =>
    inWorld({ members: pair }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const ann = yield* world.restart("ann", { offline: true })
        const sent = yield* ann.messages.send(group.id, "later")
        const report = yield* ann.sync()
        assert.deepEqual([report.caughtUp, report.unsent], [false, 1])
        assert.equal(yield* tag(sent.state), "Queued")
        yield* world.restart("ann", {})
        yield* world.settle
        assert.deepEqual(yield* textsOf(world.bob, group.id), ["later"])
      })))

  it("survives loss, doubles and messages that overtake each other", () =>
    inWorld({ members: pair, relays: 2, seed: 5 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.relays.setConditions({
          loss: 0.2,
          duplication: 0.3,
          delayMillis: [10, 5000],
        })
        const texts = Array.from({ length: 40 }, (_, n) => `number ${n}`)
        for (const text of texts) yield* world.ann.messages.send(group.id, text)
        yield* world.settle
        yield* world.relays.setConditions({})
        world.relays.network.cut()
        yield* world.settle
        assert.deepEqual((yield* textsOf(world.bob, group.id)).toSorted(), texts.toSorted())
      })))
})
