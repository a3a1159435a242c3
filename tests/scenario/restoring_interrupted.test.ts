import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { Mdk, type MdkOptions, type MdkService } from "@mdk/core"
import { encodeHex } from "@mdk/core/codec"
import { LocalSigner } from "@mdk/core/identity"
import { Signer, SignerError, Storage, StorageError, type StorageService } from "@mdk/core/services"
import { layerOn, type MemoryDisk } from "@mdk/storage-memory"
import { MemoryTransport, seededEntropy, type World } from "@mdk/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { COLLECTIONS } from "../../packages/core/src/group/mod.ts"
import { groupOf, inWorld } from "./in_world.ts"

type Pair = World<"ann" | "bob">

const CLOSING: MdkOptions = { restored: "close-groups", offline: true }

const SIGNER = LocalSigner.fromSecretKey(encodeHex(seededEntropy("1 key bob").bytes(32)))

const REFUSING = Layer.effect(
  Signer,
  Effect.map(Signer, (signer) => ({
    ...signer,
    sign: () => Effect.fail(new SignerError({ operation: "sign", reason: "rejected" })),
  })),
).pipe(Layer.provide(SIGNER))

/** A storage whose restoration cannot be acknowledged. */
const unacknowledged = (disk: MemoryDisk): Layer.Layer<Storage, StorageError> =>
  Layer.effect(
    Storage,
    Effect.map(Storage, (storage): StorageService => ({
      ...storage,
      acknowledgeRestore: Effect.fail(new StorageError({ operation: "maintain", reason: "io" })),
    })),
  ).pipe(Layer.provide(layerOn(disk)))

/** Opens Bob over a disk, asks him something and closes him; "opened", or why not. */
const opening = (
  world: Pair,
  storage: Layer.Layer<Storage, StorageError>,
  options: MdkOptions,
  ask: (mdk: MdkService) => Effect.Effect<unknown, unknown> = () => Effect.void,
  signer: typeof SIGNER = SIGNER,
) =>
  Effect.flatMap(Mdk, (mdk) => Effect.as(Effect.orDie(ask(mdk)), "opened")).pipe(
    Effect.provide(Layer.fresh(
      Mdk.layer(options).pipe(
        Layer.provide(storage),
        Layer.provide(signer),
        Layer.provide(MemoryTransport.layer({
          network: world.relays.network,
          relays: world.relays.addresses,
          client: "bob",
        })),
      ),
    )),
    Effect.scoped,
    Effect.catch(({ _tag, reason }) => Effect.succeed(`${_tag} ${reason}`)),
  )

/** What stands on a disk, by collection; each group's status under `statuses`. */
const standing = (disk: MemoryDisk) =>
  Effect.scoped(Effect.gen(function* () {
    const storage = yield* Effect.provide(Storage, yield* Layer.build(Layer.fresh(layerOn(disk))))
    yield* storage.declare(COLLECTIONS)
    const rows = (name: string) =>
      Effect.map(storage.page(name, { index: "key", limit: 1000 }), (page) => page.rows)
    return {
      restored: storage.condition.restored,
      groups: yield* rows("groups"),
      parts: yield* rows("mls_parts"),
      outbox: yield* rows("outbox"),
      invites: yield* rows("invites"),
      keyPackages: yield* rows("key_packages"),
      device: (yield* rows("account")).find(({ key }) => key === "device")?.value,
    }
  })).pipe(Effect.orDie)

/** Two groups of Bob's, a message and a commit on their way, an invitation that waits. */
const withMuch = (world: Pair) =>
  Effect.gen(function* () {
    const bob = world.bob.account.publicKey
    const joined = yield* groupOf(world, "ann", ["bob"])
    yield* world.ann.groups.create({ name: "waits", invite: [bob] })
    const own = yield* groupOf(world, "bob", ["ann"], "own")
    yield* world.settle
    const [relay] = world.relays.network.relays
    relay!.setRefusal("rate-limited: slow down")
    yield* world.bob.groups.invite(own.id, [world.ann.account.publicKey], { again: true })
    const sent = yield* world.bob.messages.send(joined.id, "on its way")
    const backup = yield* world.backup("bob")
    yield* world.close("bob")
    return { backup, sent: sent.id }
  })

describe("a restoration that is interrupted", () => {
  it("before any of its writes counts as restored until all of it is done", () =>
    inWorld({ members: ["ann", "bob"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        const { backup, sent } = yield* withMuch(world)
        const full = yield* standing(backup.copy())
        assert.ok(full.parts.length > 0 && full.outbox.length > 0 && full.invites.length > 0)
        let writes = 0
        for (;; writes++) {
          const disk = backup.copy()
          disk.plant({ operation: "commit", reason: "io", after: writes })
          const first = yield* opening(world, layerOn(disk), CLOSING)
          if (first === "opened") break
          assert.equal(first, "ServiceError storage")
          const torn = yield* standing(disk)
          assert.equal(torn.restored, true)
          for (const { key, columns } of torn.groups) {
            if (columns["status"] === "active") continue
            assert.ok(torn.parts.every((part) => !String(part.key).startsWith(`${key}/`)))
          }
          assert.equal(yield* opening(world, layerOn(disk), {}), "OpenError restored-copy")
          const done = yield* opening(world, layerOn(disk), CLOSING, (mdk) =>
            Effect.gen(function* () {
              const { items } = yield* mdk.groups.page()
              assert.deepEqual(
                items.map(({ status }) =>
                  status
                ),
                [
                  "unrecoverable",
                  "unrecoverable",
                ],
              )
              const handle = yield* mdk.messages.handle(sent)
              assert.deepEqual(yield* handle.state, { _tag: "Failed", reason: "unrecoverable" })
            }))
          assert.equal(done, "opened")
          const clean = yield* standing(disk)
          const { restored, parts, outbox, invites, keyPackages } = clean
          assert.deepEqual({ restored, parts, outbox, invites, keyPackages }, {
            restored: false,
            parts: [],
            outbox: [],
            invites: [],
            keyPackages: [],
          })
          assert.notDeepEqual(clean.device, full.device)
          assert.equal(yield* opening(world, layerOn(disk), { offline: true }), "opened")
        }
        assert.ok(writes >= 3, `${writes} writes`)
      }).pipe(Effect.orDie)))

  it("before it is acknowledged is done again", () =>
    inWorld({ members: ["ann", "bob"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        const { backup } = yield* withMuch(world)
        const disk = backup.copy()
        const unsaid = yield* opening(world, unacknowledged(disk), CLOSING)
        assert.equal(unsaid, "ServiceError storage")
        assert.equal(yield* opening(world, layerOn(disk), {}), "OpenError restored-copy")
        assert.equal(yield* opening(world, layerOn(disk), CLOSING), "opened")
        assert.equal(yield* opening(world, layerOn(disk), { offline: true }), "opened")
      }).pipe(Effect.orDie)))

  it("by a signer that refuses changes nothing, nor does one of another account", () =>
    inWorld({ members: ["ann", "bob"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        const { backup } = yield* withMuch(world)
        const disk = backup.copy()
        const before = yield* standing(disk)
        const other = LocalSigner.fromSecretKey("7".repeat(64))
        const refusals = [
          yield* opening(world, layerOn(disk), CLOSING, undefined, REFUSING),
          yield* opening(world, layerOn(disk), CLOSING, undefined, other),
        ]
        assert.deepEqual(refusals, ["ServiceError signer-refused", "OpenError signer-mismatch"])
        assert.deepEqual(yield* standing(disk), before)
      }).pipe(Effect.orDie)))
})
