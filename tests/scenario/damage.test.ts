import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { Mdk, type MdkService } from "@mdk/core"
import { LocalSigner } from "@mdk/core/identity"
import { Storage } from "@mdk/core/services"
import { layerOn, MemoryDisk } from "@mdk/storage-memory"
import { MemoryTransport } from "@mdk/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { COLLECTIONS } from "../../packages/core/src/group/mod.ts"
import { makeBells } from "../../packages/core/src/shell/bells.ts"
import { makeSyncState } from "../../packages/core/src/shell/sync_state.ts"
import { acceptAll, inWorld, textsOf } from "./in_world.ts"

describe("one damaged group", () => {
  for (const [collection, what] of [["mls_parts", "state"], ["routes", "addresses"]] as const) {
    it(`whose ${what} cannot be read does not keep the others from receiving`, () =>
      inWorld({ members: ["ann"] }, (world) =>
        Effect.gen(function* () {
          const disk = new MemoryDisk()
          const account = Mdk.layer().pipe(
            Layer.provide(layerOn(disk)),
            Layer.provide(LocalSigner.fromSecretKey("7".repeat(64))),
            Layer.provide(MemoryTransport.layer({
              network: world.relays.network,
              relays: world.relays.addresses,
              client: "dan",
            })),
          )
          const use = <A, E, R>(work: (dan: MdkService) => Effect.Effect<A, E, R>) =>
            Effect.scoped(Effect.gen(function* () {
              const context = yield* Layer.build(Layer.fresh(account))
              return yield* work(yield* Effect.provide(Mdk, context))
            }))
          const [broken, whole] = yield* use((dan) =>
            Effect.gen(function* () {
              yield* world.settle
              const invite = [dan.account.publicKey]
              const one = yield* world.ann.groups.create({ name: "one", invite })
              const two = yield* world.ann.groups.create({ name: "two", invite })
              yield* world.settle
              yield* acceptAll(dan)
              yield* world.settle
              return [one.group.id, two.group.id] as const
            })
          )
          yield* Effect.scoped(Effect.gen(function* () {
            const context = yield* Layer.build(Layer.fresh(layerOn(disk)))
            const storage = yield* Effect.provide(Storage, context)
            yield* storage.declare(COLLECTIONS)
            const { rows } = yield* storage.page(collection, { index: "key", limit: 1000 })
            const theirs = rows.filter(({ columns }) => columns["group_id"] === broken)
            assert.ok(theirs.length > 0)
            yield* storage.commit({
              id: "ab".repeat(16),
              verbs: theirs.map(({ key, columns, value }) => ({
                verb: "put",
                collection,
                key: String(key),
                columns,
                value: value.map((byte) => byte ^ 1),
              })),
            })
          }))
          yield* use((dan) =>
            Effect.gen(function* () {
              yield* world.settle
              for (const id of [broken, whole, broken, whole]) {
                yield* world.ann.messages.send(id, "hello")
                yield* world.settle
              }
              assert.deepEqual(yield* textsOf(dan, whole), ["hello", "hello"])
              assert.deepEqual(yield* textsOf(dan, broken), [])
            })
          )
        }).pipe(Effect.orDie)))
  }
})

describe("a question whose work has stopped", () => {
  it("is not caught up, until it is asked again or no more", () => {
    const sync = makeSyncState(makeBells())
    sync.setPlanned()
    sync.setMaintained()
    sync.begin("f", ["a"])
    sync.set("f", "a", "stored")
    assert.ok(sync.isCaughtUp())
    sync.fail("f")
    assert.ok(!sync.isCaughtUp())
    sync.begin("f", ["a"])
    sync.set("f", "a", "stored")
    assert.ok(sync.isCaughtUp())
    sync.fail("f")
    sync.end("f")
    assert.ok(sync.isCaughtUp())
  })
})
