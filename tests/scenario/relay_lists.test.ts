import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { Mdk } from "@mdk/core"
import { encodeHex } from "@mdk/core/codec"
import { LocalSigner } from "@mdk/core/identity"
import { type EventTemplate, Signer } from "@mdk/core/services"
import { layerOn, MemoryDisk } from "@mdk/storage-memory"
import { layerSeededEntropy, MemoryTransport, seededEntropy, type World } from "@mdk/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { inWorld } from "./in_world.ts"

const RELAY_LIST = 10002
const INBOX_RELAYS = 10050
const SECRET_KEY = encodeHex(seededEntropy("cleo key").bytes(32))

const open = (world: World<"ann">) =>
  Effect.map(
    Layer.build(
      Mdk.layer().pipe(
        Layer.provide(layerOn(new MemoryDisk())),
        Layer.provide(MemoryTransport.layer({
          network: world.relays.network,
          relays: world.relays.addresses,
          client: "cleo",
        })),
        Layer.provide(LocalSigner.fromSecretKey(SECRET_KEY)),
        Layer.provide(layerSeededEntropy("cleo")),
      ),
    ),
    (context) => Context.get(context, Mdk),
  )

const sign = (template: EventTemplate) =>
  Effect.flatMap(
    Layer.build(LocalSigner.fromSecretKey(SECRET_KEY)),
    (context) => Context.get(context, Signer).sign(template),
  )

const listsOf = (world: World<"ann">, author: string, place: number) =>
  world.relays.network.relays[place]!
    .query([{ authors: [author], kinds: [RELAY_LIST, INBOX_RELAYS] }], [author], 2e9)
    .map(({ kind, tags }) => [kind, tags])
    .toSorted()

describe("the account's own relay lists", () => {
  it("are never replaced because the relay that has them is out of reach", () =>
    inWorld({ members: ["ann"], relays: 2 }, (world) =>
      Effect.gen(function* () {
        const lists = [
          { kind: RELAY_LIST, tags: [["r", "wss://mine.test"]] },
          { kind: INBOX_RELAYS, tags: [["relay", "wss://inbox.test"]] },
        ]
        const there = world.relays.network.relays[1]!
        for (const list of lists) {
          const event = yield* Effect.orDie(sign({ ...list, content: "", created_at: 1.6e9 }))
          there.plant(event)
        }
        world.relays.network.partition("cleo", world.relays.addresses[1])
        const cleo = yield* Effect.orDie(open(world))
        yield* world.settle
        assert.deepEqual(listsOf(world, cleo.account.publicKey, 0), [])
        world.relays.network.heal()
        yield* world.settle
        yield* world.settle
        const planted = lists.map(({ kind, tags }) => [kind, tags])
        assert.deepEqual(listsOf(world, cleo.account.publicKey, 1), planted)
        assert.deepEqual(listsOf(world, cleo.account.publicKey, 0), [])
      })))

  it("are published once every relay has said that it has none", () =>
    inWorld({ members: ["ann"], relays: 2 }, (world) =>
      Effect.gen(function* () {
        world.relays.network.partition("cleo", world.relays.addresses[1])
        const cleo = yield* Effect.orDie(open(world))
        yield* world.settle
        assert.deepEqual(listsOf(world, cleo.account.publicKey, 0), [])
        world.relays.network.heal()
        yield* world.settle
        yield* world.settle
        for (const place of [0, 1]) {
          const kinds = listsOf(world, cleo.account.publicKey, place).map(([kind]) => kind)
          assert.deepEqual(kinds, [RELAY_LIST, INBOX_RELAYS])
        }
      })))
})
