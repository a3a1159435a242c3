import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { acceptAll, groupOf, inWorld, textsOf } from "./in_world.ts"

describe("catching up", () => {
  it("reads a long backlog of one sender in order, however relays order it", () =>
    inWorld({ members: ["ann", "bob"], relays: 2 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.close("bob")
        const texts = Array.from({ length: 240 }, (_, n) => `number ${n}`)
        for (const text of texts) yield* world.ann.messages.send(group.id, text)
        yield* world.settle
        const bob = yield* world.restart("bob")
        yield* world.settle
        assert.equal((yield* bob.sync()).waiting, 0)
        const read = yield* textsOf(bob, group.id)
        assert.deepEqual(read.toSorted(), texts.toSorted())
      })))

  for (const seed of [1, 2]) {
    it(`loses nothing when the relay that is quicker has the newest only, links of seed ${seed}`, () =>
      inWorld({ members: ["ann", "bob"], relays: 2, seed }, (world) =>
        Effect.gen(function* () {
          const group = yield* groupOf(world, "ann", ["bob"])
          yield* world.close("bob")
          // More than a ratchet keeps the keys of, once it has moved on.
          const texts = Array.from({ length: 150 }, (_, n) => `number ${n}`)
          for (const text of texts) yield* world.ann.messages.send(group.id, text)
          yield* world.settle
          const [forgetful] = world.relays.network.relays
          const chat = forgetful!.events.filter(({ kind }) => kind === 445)
            .toSorted((a, b) => a.created_at - b.created_at)
          for (const { id } of chat.slice(0, -1)) forgetful!.forget(id)
          yield* world.relays.setConditions({ delayMillis: [0, 2000] })
          const bob = yield* world.restart("bob")
          yield* world.settle
          assert.deepEqual((yield* textsOf(bob, group.id)).toSorted(), texts.toSorted())
        })))
  }

  it("asks again for what a relay did not give, when later messages show that it is missing", () =>
    inWorld({ members: ["ann", "bob"], relays: 2 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const { network } = world.relays
        const [first, second] = network.relays
        network.partition("bob", second!.address)
        yield* world.ann.messages.send(group.id, "one")
        yield* world.settle
        // The relay that Bob listens to has the second message and never tells him.
        network.partition("ann", first!.address)
        const known = new Set(second!.events.map(({ id }) => id))
        yield* world.ann.messages.send(group.id, "two")
        yield* TestClock.adjust("1 second")
        first!.plant(second!.events.find(({ id }) => !known.has(id))!)
        network.heal("ann")
        yield* world.settle
        assert.deepEqual(yield* textsOf(world.bob, group.id), ["one"])
        yield* world.ann.messages.send(group.id, "three")
        yield* world.settle
        yield* TestClock.adjust("5 seconds")
        yield* world.settle
        assert.deepEqual(yield* textsOf(world.bob, group.id), ["one", "three", "two"])
      })))

  it("does not wait for long for a relay that says nothing", () =>
    inWorld({ members: ["ann", "bob"], relays: 2 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.close("bob")
        yield* world.ann.messages.send(group.id, "hello")
        yield* world.settle
        world.relays.network.relays[0]!.setSilent(true)
        const bob = yield* world.restart("bob")
        for (let second = 0; second < 5; second++) yield* TestClock.adjust("1 second")
        assert.deepEqual(yield* textsOf(bob, group.id), ["hello"])
        const report = yield* bob.sync({ timeout: 0 })
        assert.deepEqual(
          [report.relays.accepted, report.relays.unanswered, report.caughtUp],
          [1, 1, false],
        )
      })))

  it("follows commits that came while it was away, and reads what came between them", () =>
    inWorld(
      { members: ["ann", "bob", "cleo", "dora", "emil"], relays: 1 },
      (world) =>
        Effect.gen(function* () {
          const group = yield* groupOf(world, "ann", ["bob"])
          yield* world.close("bob")
          for (const name of ["cleo", "dora", "emil"] as const) {
            yield* world.ann.messages.send(group.id, `before ${name}`)
            yield* world.ann.groups.invite(group.id, [world.member(name).account.publicKey])
            yield* world.settle
            yield* acceptAll(world.member(name))
            yield* world.settle
            yield* world.member(name).messages.send(group.id, `${name} is here`)
            yield* world.settle
            // What two people say in one second has no order that everybody could know.
            yield* TestClock.adjust("1 second")
          }
          yield* world.restart("bob")
          yield* world.settle
          assert.deepEqual(yield* textsOf(world.bob, group.id), [
            "before cleo",
            "[member_added]",
            "cleo is here",
            "before dora",
            "[member_added]",
            "dora is here",
            "before emil",
            "[member_added]",
            "emil is here",
          ])
          yield* world.bob.messages.send(group.id, "I have read it all")
          yield* world.settle
          for (const name of ["ann", "cleo", "dora", "emil"] as const) {
            const texts = yield* textsOf(world.member(name), group.id)
            assert.equal(texts.at(-1), "I have read it all", name)
          }
        }),
    ))

  it("keeps what comes too early until its epoch is there", () =>
    inWorld({ members: ["ann", "bob", "cleo"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.close("bob")
        const [relay] = world.relays.network.relays
        yield* world.ann.groups.invite(group.id, [world.cleo.account.publicKey])
        yield* world.settle
        const before = new Set(relay!.events.map(({ id }) => id))
        const commit = relay!.events.filter(({ kind }) => kind === 445).at(-1)
        yield* world.ann.messages.send(group.id, "of the new epoch")
        yield* world.settle
        assert.ok(commit !== undefined && before.has(commit.id))
        // The relay has lost the commit for a while.
        relay!.forget(commit.id)
        yield* world.restart("bob")
        yield* world.settle
        assert.deepEqual(yield* textsOf(world.bob, group.id), [])
        assert.equal((yield* world.bob.sync()).waiting, 1)
        const bob = yield* world.restart("bob")
        relay!.plant(commit)
        world.relays.network.cut()
        yield* world.settle
        assert.deepEqual(yield* textsOf(bob, group.id), ["[member_added]", "of the new epoch"])
        assert.equal((yield* bob.sync()).waiting, 0)
      })))
})
