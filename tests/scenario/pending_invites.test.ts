import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type GroupId, Mdk } from "@mdk/core"
import { encodeHex } from "@mdk/core/codec"
import { LocalSigner } from "@mdk/core/identity"
import {
  type Batch,
  Entropy,
  type EntropyService,
  type Row,
  Storage,
  type StorageError,
  type StorageService,
} from "@mdk/core/services"
import { layerOn, MemoryDisk } from "@mdk/storage-memory"
import { MemoryTransport, seededEntropy, type World } from "@mdk/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { acceptAll, inWorld } from "./in_world.ts"

const STRANGER = "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9"
const INVITES = "invites"

const seeded = seededEntropy("dora")
/** Every look at the memory of wraps is due: a single random byte is 0. */
const alwaysDue: EntropyService = {
  bytes: (length) => length === 1 ? new Uint8Array(1) : seeded.bytes(length),
}

/** The storage underneath, and every batch that went through. */
interface Tap {
  storage: StorageService
  readonly batches: Array<Batch>
}

const openTapped = (world: World<"ann">) =>
  Effect.gen(function* () {
    const taps: Array<Tap> = []
    const tapped: Layer.Layer<Storage, StorageError> = Layer.effect(
      Storage,
      Effect.map(Storage, (storage): StorageService => {
        const tap: Tap = { storage, batches: [] }
        taps.push(tap)
        const commit: StorageService["commit"] = (batch) => {
          tap.batches.push(batch)
          return storage.commit(batch)
        }
        return { ...storage, commit }
      }),
    ).pipe(Layer.provide(layerOn(new MemoryDisk())))
    const layer = Mdk.layer().pipe(
      Layer.provide(tapped),
      Layer.provide(MemoryTransport.layer({
        network: world.relays.network,
        relays: world.relays.addresses,
        client: "dora",
      })),
      Layer.provide(LocalSigner.fromSecretKey(encodeHex(seededEntropy("dora key").bytes(32)))),
      Layer.provide(Layer.succeed(Entropy, alwaysDue)),
    )
    const dora = Context.get(yield* Effect.orDie(Layer.build(layer)), Mdk)
    yield* world.settle
    return { dora, tap: taps[0]! }
  })

const rowsOf = (tap: Tap) =>
  Effect.map(
    Effect.orDie(tap.storage.page(INVITES, { index: "newest", limit: 1000 })),
    ({ rows }) => rows,
  )

/** The bytes of an invitation, from somebody else. */
const from = (row: Row, before: string, after: string): Uint8Array => {
  const text = Array.from(row.value, (byte) => String.fromCharCode(byte)).join("")
  const changed = text.replace(`"from":"${before}"`, `"from":"${after}"`)
  assert.notEqual(changed, text)
  return Uint8Array.from(changed, (char) => char.charCodeAt(0))
}

let planted = 0
const plant = (
  tap: Tap,
  rows: ReadonlyArray<{ key: string; group: string; position: number; value: Uint8Array }>,
) =>
  Effect.orDie(tap.storage.commit({
    id: (planted++).toString(16).padStart(32, "0"),
    verbs: rows.map(({ key, group, position, value }) => ({
      verb: "put",
      collection: INVITES,
      key,
      columns: { position, group_id: group },
      value,
    })),
  }))

const create = (world: World<"ann">, name: string) =>
  Effect.map(world.ann.groups.create({ name }), ({ group }) => group.id)

describe("invitations that wait", () => {
  it("are replaced by the same inviter only, and their keys are erased", () =>
    inWorld({ members: ["ann"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        const { dora, tap } = yield* openTapped(world)
        const ann = world.ann.account.publicKey
        yield* world.ann.groups.create({ name: "one", invite: [dora.account.publicKey] })
        yield* world.settle
        const [template] = yield* rowsOf(tap)
        const group: GroupId = yield* create(world, "two")
        yield* plant(tap, [
          { key: "hers", group, position: 1, value: template!.value },
          { key: "another's", group, position: 2, value: from(template!, ann, STRANGER) },
        ])
        tap.batches.length = 0
        yield* world.ann.groups.invite(group, [dora.account.publicKey])
        yield* world.settle
        const left = (yield* rowsOf(tap)).filter(({ columns }) => columns["group_id"] === group)
        assert.equal(left.length, 2)
        assert.deepEqual(left[0]?.key, "another's")
        const erased = tap.batches.filter(({ verbs }) =>
          verbs.some((verb) => verb.verb === "delete" && verb.key === "hers")
        )
        assert.deepEqual(erased.map(({ erase }) => erase), [true])
      })))

  it("are bounded: the oldest of strangers go first", () =>
    inWorld({ members: ["ann"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        const { dora, tap } = yield* openTapped(world)
        const invite = { invite: [dora.account.publicKey] }
        yield* world.ann.groups.create({ name: "one", ...invite })
        yield* world.settle
        const [stranger] = yield* rowsOf(tap)
        yield* acceptAll(dora)
        yield* world.settle
        yield* world.ann.groups.create({ name: "two", ...invite })
        yield* world.settle
        const [known] = yield* rowsOf(tap)
        yield* plant(tap, [
          { key: "known", group: "k", position: 1, value: known!.value },
          ...Array.from({ length: 254 }, (_, i) => ({
            key: `stranger ${i}`,
            group: `g${i}`,
            position: 2 + i,
            value: stranger!.value,
          })),
        ])
        yield* world.ann.groups.create({ name: "three", ...invite })
        yield* world.settle
        const rows = yield* rowsOf(tap)
        assert.equal(rows.length, 256)
        assert.deepEqual(rows.slice(0, 2).map(({ key }) => key), ["known", "stranger 1"])
        const names = (yield* dora.invites.page({ limit: 2 })).items.map(({ group }) => group.name)
        assert.deepEqual(names, ["three", "two"])
      })))

  it("leave a bounded memory of wraps, the oldest gone", () =>
    inWorld({ members: ["ann"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        const { dora, tap } = yield* openTapped(world)
        const key = (n: number) => n.toString(16).padStart(64, "0")
        for (let first = 0; first < 20_010; first += 667) {
          yield* Effect.orDie(tap.storage.commit({
            id: `f${first}`.padStart(32, "0"),
            verbs: Array.from({ length: 667 }, (_, n) => ({
              verb: "put",
              collection: "wraps",
              key: key(first + n),
              columns: { at: first + n },
              value: new Uint8Array(0),
            })),
          }))
        }
        yield* world.ann.groups.create({ name: "one", invite: [dora.account.publicKey] })
        yield* world.settle
        const count = tap.storage.count("wraps", { index: "age" }, 30_000)
        assert.equal(yield* Effect.orDie(count), 20_001)
        const ends = tap.storage.getMany("wraps", [key(9), key(10)])
        assert.deepEqual([...(yield* Effect.orDie(ends)).keys()], [key(10)])
      })))
})
