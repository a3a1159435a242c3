import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Effect from "effect/Effect"
import { acceptAll, groupOf, inWorld, textsOf } from "./in_world.ts"

const members = ["ann", "bob", "cleo"] as const

describe("a conversation of three", () => {
  it("is read by everybody, with edits, reactions and deletions resolved, also after restarts", () =>
    inWorld({ members, relays: 2 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob", "cleo"])
        const hello = yield* world.ann.messages.send(group.id, "hello")
        yield* world.settle
        const answer = yield* world.bob.messages.send(group.id, "hi", { replyTo: hello.messageId })
        yield* world.settle
        yield* world.cleo.messages.react(hello.messageId, "🥕")
        yield* world.bob.messages.react(hello.messageId, "🥕")
        yield* world.bob.messages.edit(answer.messageId, "hi there")
        const mistake = yield* world.cleo.messages.send(group.id, "oops")
        yield* world.settle
        yield* world.cleo.messages.remove(mistake.messageId)
        yield* world.settle
        for (const name of members) {
          const mdk = yield* world.restart(name)
          const { items } = yield* mdk.messages.page(group.id)
          assert.deepEqual(
            items.toReversed().map((message) => [
              message.fallback,
              message.edited !== undefined,
              message.replyTo,
              message.reactions.map(({ emoji, by }) => [emoji, by.length]),
            ]),
            [
              ["hello", false, undefined, [["🥕", 2]]],
              ["hi there", true, hello.messageId, []],
              ["Message deleted", false, undefined, []],
            ],
            name,
          )
        }
        yield* world.settle
        yield* world.bob.messages.react(hello.messageId, null)
        yield* world.settle
        const first = yield* world.ann.messages.get(hello.messageId)
        assert.deepEqual(first.reactions, [{
          emoji: "🥕",
          by: [world.cleo.account.publicKey],
        }])
      })))

  it("lets an admin delete what others wrote, and nobody else", () =>
    inWorld({ members }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob", "cleo"])
        const rude = yield* world.bob.messages.send(group.id, "rude")
        yield* world.settle
        const refused = yield* Effect.flip(world.cleo.messages.remove(rude.messageId))
        assert.equal(refused.reason, "not-admin")
        const notMine = yield* Effect.flip(world.cleo.messages.edit(rude.messageId, "polite"))
        assert.equal(notMine.reason, "not-author")
        yield* world.ann.messages.remove(rude.messageId)
        yield* world.settle
        for (const name of members) {
          const { content } = yield* world.member(name).messages.get(rude.messageId)
          assert.deepEqual(content, { _tag: "Deleted", by: "admin" })
        }
      })))

  it("delivers kinds that nobody knows and calls a claimed system row by its name", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.ann.messages.send(group.id, { kind: 4242, content: "x", tags: [["a", "b"]] })
        const reserved = yield* Effect.flip(
          world.ann.messages.send(group.id, { kind: 1210, content: "{}" }),
        )
        assert.equal(reserved.reason, "invalid-argument")
        yield* world.settle
        const [message] = (yield* world.bob.messages.page(group.id)).items
        assert.deepEqual(message?.content, {
          _tag: "Other",
          kind: 4242,
          content: "x",
          tags: [["a", "b"]],
        })
      })))

  it("pages a timeline both ways on cursors that survive a restart", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const all = Array.from({ length: 25 }, (_, n) => `message ${n}`)
        for (const text of all) yield* world.ann.messages.send(group.id, text)
        yield* world.settle
        const first = yield* world.bob.messages.page(group.id, { limit: 10 })
        assert.equal(first.newer, undefined)
        assert.ok(first.older !== undefined)
        const bob = yield* world.restart("bob")
        const second = yield* bob.messages.page(group.id, { limit: 10, before: first.older })
        const third = yield* bob.messages.page(group.id, { limit: 10, before: second.older! })
        assert.equal(third.older, undefined)
        const pages = [first, second, third].flatMap(({ items }) => items)
        assert.deepEqual(pages.map(({ fallback }) => fallback), all.toReversed())
        const back = yield* bob.messages.page(group.id, { limit: 10, after: second.newer! })
        assert.deepEqual(back.items.map(({ id }) => id), first.items.map(({ id }) => id))
        const foreign = yield* Effect.flip(bob.groups.page({ before: first.older as never }))
        assert.equal(foreign.reason, "cursor")
        const limit = yield* Effect.flip(bob.messages.page(group.id, { limit: 501 }))
        assert.equal(limit.reason, "page-limit")
      })))

  it("keeps groups apart and lists the newest first", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const one = yield* groupOf(world, "ann", ["bob"], "one")
        const two = yield* groupOf(world, "bob", ["ann"], "two")
        yield* world.ann.messages.send(one.id, "same")
        yield* world.ann.messages.send(two.id, "same")
        yield* world.settle
        assert.deepEqual(yield* textsOf(world.bob, one.id), ["same"])
        assert.deepEqual(yield* textsOf(world.bob, two.id), ["same"])
        const { items } = yield* world.ann.groups.page()
        assert.deepEqual(items.map(({ name }) => name), ["two", "one"])
        assert.deepEqual(yield* acceptAll(world.bob), [])
      })))
})
