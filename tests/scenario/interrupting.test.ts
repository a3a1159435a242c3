import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type GroupId, Mdk } from "@mdk/core"
import { encodeHex } from "@mdk/core/codec"
import { LocalSigner } from "@mdk/core/identity"
import { Storage, type StorageError } from "@mdk/core/services"
import { layerOn, MemoryDisk } from "@mdk/storage-memory"
import { layerSeededEntropy, MemoryTransport, seededEntropy, type World } from "@mdk/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { acceptAll, inWorld } from "./in_world.ts"

/** Called as soon as something for relays is durable, before its caller hears of it. */
interface Hook {
  run: () => void
}

const hookedStorage = (hook: Hook): Layer.Layer<Storage, StorageError> =>
  Layer.effect(
    Storage,
    Effect.map(Storage, (inner) => ({
      ...inner,
      commit: (batch: Parameters<typeof inner.commit>[0]) =>
        Effect.tap(inner.commit(batch), () =>
          Effect.gen(function* () {
            const sends = batch.verbs.some((verb) =>
              verb.verb === "put" && verb.collection === "outbox"
            )
            if (!sends) return
            hook.run()
            for (let turn = 0; turn < 10; turn++) yield* Effect.yieldNow
          })),
    })),
  ).pipe(Layer.provide(layerOn(new MemoryDisk())))

/** Opens another member, over a storage with a hook. */
const openHooked = (world: World<"bob" | "cleo">, hook: Hook) =>
  Effect.gen(function* () {
    const layer = Mdk.layer().pipe(
      Layer.provide(hookedStorage(hook)),
      Layer.provide(MemoryTransport.layer({
        network: world.relays.network,
        relays: world.relays.addresses,
        client: "ann",
      })),
      Layer.provide(LocalSigner.fromSecretKey(encodeHex(seededEntropy("ann key").bytes(32)))),
      Layer.provide(layerSeededEntropy("ann")),
    )
    return Context.get(yield* Layer.build(layer), Mdk)
  })

/** Runs a call and interrupts it when what it sends is durable. */
const interruptAtDurable = <A, E>(hook: Hook, call: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    let hits = 0
    const fiber = yield* Effect.forkChild(call)
    hook.run = () => {
      if (hits++ === 0) fiber.interruptUnsafe()
    }
    return { fiber, hits: () => hits }
  })

describe("an interruption when the change is durable", () => {
  it("keeps neither a founding's invitations nor an invitation's commit from the relays", () =>
    inWorld({ members: ["bob", "cleo"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        const hook: Hook = { run: () => {} }
        const ann = yield* Effect.orDie(openHooked(world, hook))
        yield* world.settle
        const founding = yield* interruptAtDurable(
          hook,
          ann.groups.create({ name: "Tea", invite: [world.bob.account.publicKey] }),
        )
        yield* world.settle
        assert.ok(founding.hits() > 0)
        assert.equal((yield* Fiber.await(founding.fiber))._tag, "Failure")
        assert.equal((yield* world.bob.invites.page()).items.length, 1)
        const [group] = yield* acceptAll(world.bob)
        const inviting = yield* interruptAtDurable(
          hook,
          ann.groups.invite(group!.id as GroupId, [world.cleo.account.publicKey]),
        )
        yield* world.settle
        assert.ok(inviting.hits() > 0)
        assert.equal((yield* Fiber.await(inviting.fiber))._tag, "Failure")
        assert.equal((yield* world.cleo.invites.page()).items.length, 1)
        assert.equal((yield* world.bob.groups.get(group!.id)).members.length, 3)
      })))
})
