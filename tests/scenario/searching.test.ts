import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { Cursor, GroupId, MdkService, Message } from "@mdk/core"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { acceptAll, groupOf, inWorld } from "./in_world.ts"

/** Texts that a search finds, newest first. */
const found = (mdk: MdkService, group: GroupId | "all", text: string) =>
  Effect.map(
    mdk.messages.page(group, { where: { text } }),
    ({ items }) => items.map(({ fallback }) => fallback),
  )

describe("searching", () => {
  it("finds own and received messages and replies as they read now, on both sides", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const { ann, bob } = world
        const group = yield* groupOf(world, "ann", ["bob"])
        const first = yield* ann.messages.send(group.id, "The Café opens at nine")
        yield* world.settle
        yield* bob.messages.send(group.id, "which café?", { replyTo: first.messageId })
        const wrong = yield* bob.messages.send(group.id, "the bar near the cafe")
        yield* world.settle
        yield* ann.messages.react(wrong.messageId, "cafe")
        yield* ann.messages.send(group.id, { kind: 30, content: "cafe" })
        yield* world.settle
        const all = ["the bar near the cafe", "which café?", "The Café opens at nine"]
        for (const mdk of [ann, bob]) {
          assert.deepEqual(yield* found(mdk, group.id, "CAFE"), all)
          assert.deepEqual(yield* found(mdk, group.id, "the café"), [all[0], all[2]])
          assert.deepEqual(yield* found(mdk, group.id, "caf"), [])
        }
        yield* ann.messages.edit(first.messageId, "The bakery opens at nine")
        // One's own change counts at once.
        assert.deepEqual(yield* found(ann, group.id, "cafe"), all.slice(0, 2))
        yield* world.settle
        yield* ann.messages.remove(wrong.messageId)
        yield* world.settle
        for (const mdk of [ann, bob]) {
          assert.deepEqual(yield* found(mdk, group.id, "cafe"), ["which café?"])
          assert.deepEqual(yield* found(mdk, group.id, "bar"), [])
          const { items } = yield* mdk.messages.page(group.id, { where: { text: "bakery" } })
          assert.equal(items.length, 1)
          assert.ok(items[0]?.edited !== undefined)
          assert.deepEqual(items[0], yield* mdk.messages.get(first.messageId))
        }
      })))

  it("pages with cursors that survive restarts and what comes meanwhile", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        for (let n = 0; n < 9; n++) {
          yield* world.ann.messages.send(group.id, n % 2 === 0 ? `even ${n}` : `odd ${n}`)
        }
        yield* world.settle
        const where = { text: "even" }
        const first = yield* world.bob.messages.page(group.id, { where, limit: 2 })
        assert.deepEqual(first.items.map(({ fallback }) => fallback), ["even 8", "even 6"])
        assert.equal(first.newer, undefined)
        const page = (
          mdk: MdkService,
          rest: { before: Cursor<Message> } | { after: Cursor<Message> },
        ) => mdk.messages.page(group.id, { where, limit: 2, ...rest })
        yield* world.ann.messages.send(group.id, "even 10")
        yield* world.settle
        const bob = yield* world.restart("bob")
        yield* world.settle
        const second = yield* page(bob, { before: first.older! })
        assert.deepEqual(second.items.map(({ fallback }) => fallback), ["even 4", "even 2"])
        const third = yield* page(bob, { before: second.older! })
        assert.deepEqual(third.items.map(({ fallback }) => fallback), ["even 0"])
        assert.equal(third.older, undefined)
        const back = yield* page(bob, { after: second.newer! })
        assert.deepEqual(back.items.map(({ fallback }) => fallback), ["even 8", "even 6"])
        const newest = yield* page(bob, { after: back.newer! })
        assert.deepEqual(newest.items.map(({ fallback }) => fallback), ["even 10"])
        assert.equal(newest.newer, undefined)
        for (const limit of [0, 501]) {
          const error = yield* Effect.flip(bob.messages.page(group.id, { where, limit }))
          assert.equal(error.reason, "page-limit")
        }
        const other = { where: { text: "odd" }, before: first.older! }
        assert.equal((yield* Effect.flip(bob.messages.page(group.id, other))).reason, "cursor")
        const text = { where: { text: "..." } }
        assert.equal((yield* Effect.flip(bob.messages.page(group.id, text))).reason, "search-text")
      }).pipe(Effect.orDie)))

  it("looks into one group or into all of them", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const { ann } = world
        const tea = yield* groupOf(world, "ann", ["bob"], "Tea")
        const cake = yield* groupOf(world, "ann", ["bob"], "Cake")
        yield* ann.messages.send(tea.id, "hello tea")
        yield* ann.messages.send(cake.id, "hello cake")
        yield* ann.messages.send(tea.id, "hello again")
        yield* world.settle
        assert.deepEqual(yield* found(ann, "all", "hello"), [
          "hello again",
          "hello cake",
          "hello tea",
        ])
        assert.deepEqual(yield* found(ann, cake.id, "hello"), ["hello cake"])
        const timeline = yield* ann.messages.page("all", { limit: 2 })
        assert.deepEqual(timeline.items.map(({ group }) => group), [tea.id, cake.id])
        const rest = yield* ann.messages.page("all", { before: timeline.older! })
        assert.deepEqual(rest.items.map(({ fallback }) => fallback), ["hello tea"])
      })))

  it("finds nothing that has disappeared", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const { group } = yield* world.ann.groups.create({
          name: "Brief",
          invite: [world.bob.account.publicKey],
          retention: "1 hour",
        })
        yield* world.settle
        yield* acceptAll(world.bob)
        yield* world.settle
        yield* world.ann.messages.send(group.id, "mayfly")
        yield* world.settle
        for (const mdk of [world.ann, world.bob]) {
          assert.deepEqual(yield* found(mdk, group.id, "mayfly"), ["mayfly"])
        }
        yield* TestClock.adjust("2 hours")
        yield* world.settle
        for (const mdk of [world.ann, world.bob]) {
          assert.deepEqual(yield* found(mdk, "all", "mayfly"), [])
        }
      })))
})
