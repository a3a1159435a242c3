import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { acceptAll, inWorld } from "./in_world.ts"

/** Of two events of one second relays keep the one with the lower id: by chance each time. */
const ROUNDS = 12

describe("the slot of KeyPackages on relays", () => {
  it("holds the newest also when several are made in one second", () =>
    inWorld({ members: ["ann", "bob"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        yield* world.settle
        const [relay] = world.relays.network.relays
        const ofBob = () =>
          relay!.events.filter(({ kind, pubkey }) =>
            kind === 30443 && pubkey === world.bob.account.publicKey
          )
        let last = ofBob()[0]
        for (let round = 0; round < ROUNDS; round++) {
          assert.equal(yield* world.bob.account.rotateKeyPackages, 1)
          const held = ofBob()
          assert.equal(held.length, 1)
          assert.notEqual(held[0]?.id, last?.id, `round ${round}`)
          last = held[0]
        }
      })))

  it("holds the newest when several are made at once", () =>
    inWorld({ members: ["ann", "bob"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        yield* world.settle
        // A relay tells of what it keeps, not of what it acknowledges.
        const kept: Array<string> = []
        world.relays.network.relays[0]!.open({
          client: "watcher",
          filters: [{ kinds: [30443] }],
          accounts: [],
          offer: ({ id }) => kept.push(id),
          cut: Deferred.makeUnsafe(),
        })
        // Slow links, so that all ask what there is before any has published.
        yield* world.relays.setConditions({ delayMillis: [20, 40] })
        const rotations = yield* Effect.forkChild(Effect.all(
          Array.from({ length: ROUNDS }, () => world.bob.account.rotateKeyPackages),
          { concurrency: "unbounded" },
        ))
        for (let step = 0; step < 10 * ROUNDS; step++) yield* TestClock.adjust("100 millis")
        assert.deepEqual(yield* Fiber.join(rotations), Array.from({ length: ROUNDS }, () => 1))
        assert.equal(new Set(kept).size, ROUNDS)
        assert.equal(kept.length, ROUNDS)
      })))

  it("holds that of a device that was restored in the second of its backup, so that it can be invited", () =>
    inWorld({ members: ["ann", "bob"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        yield* world.settle
        for (let round = 0; round < ROUNDS; round++) {
          const backup = yield* world.backup("bob")
          const restored = { restored: "close-groups" } as const
          yield* Effect.andThen(world.restore("bob", backup, restored), (one) => one.sync())
          const bob = yield* world.restore("bob", backup, restored)
          yield* bob.sync()
          const { group } = yield* world.ann.groups.create({
            name: `round ${round}`,
            invite: [bob.account.publicKey],
          })
          yield* world.settle
          const joined = yield* acceptAll(bob)
          assert.deepEqual(joined.map(({ id }) => id), [group.id], `round ${round}`)
        }
      })))
})
