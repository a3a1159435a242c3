import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { Mdk } from "@mdk/core"
import { encodeHex } from "@mdk/core/codec"
import { LocalSigner } from "@mdk/core/identity"
import { Storage, type StorageError, type StorageService } from "@mdk/core/services"
import { layerOn, MemoryDisk } from "@mdk/storage-memory"
import { layerSeededEntropy, MemoryTransport, seededEntropy } from "@mdk/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { inWorld } from "./in_world.ts"

/** The next reading of KeyPackage rows takes its time; what it gives is as old as its beginning. */
interface Slow {
  next: boolean
  storage?: StorageService
}

const slowStorage = (slow: Slow): Layer.Layer<Storage, StorageError> =>
  Layer.effect(
    Storage,
    Effect.map(Storage, (inner): StorageService => {
      slow.storage = inner
      return {
        ...inner,
        page: (collection, query) =>
          Effect.tap(inner.page(collection, query), () => {
            if (collection !== "key_packages" || !slow.next) return Effect.void
            slow.next = false
            return Effect.sleep("5 seconds")
          }),
      }
    }),
  ).pipe(Layer.provide(layerOn(new MemoryDisk())))

describe("rows of KeyPackages", () => {
  it("do not come back when a join meets a rotation", () =>
    inWorld({ members: ["ann"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        const slow: Slow = { next: false }
        const layer = Mdk.layer().pipe(
          Layer.provide(slowStorage(slow)),
          Layer.provide(MemoryTransport.layer({
            network: world.relays.network,
            relays: world.relays.addresses,
            client: "bob",
          })),
          Layer.provide(LocalSigner.fromSecretKey(encodeHex(seededEntropy("bob key").bytes(32)))),
          Layer.provide(layerSeededEntropy("bob")),
        )
        const bob = Context.get(yield* Effect.orDie(Layer.build(layer)), Mdk)
        yield* world.settle
        yield* world.ann.groups.create({ name: "Tea", invite: [bob.account.publicKey] })
        yield* world.settle
        const [invite] = (yield* bob.invites.page()).items
        slow.next = true
        const joining = yield* Effect.forkChild(bob.invites.accept(invite!.id))
        while (slow.next) yield* Effect.yieldNow
        const rotating = yield* Effect.forkChild(bob.account.rotateKeyPackages)
        yield* world.settle
        yield* TestClock.adjust("10 seconds")
        assert.equal((yield* Fiber.await(joining))._tag, "Success")
        assert.equal(yield* Fiber.join(rotating), 1)
        const rows = yield* Effect.orDie(
          slow.storage!.count("key_packages", { index: "newest" }, 9),
        )
        assert.equal(rows, 1)
      })))
})
