import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { Mdk } from "@mdk/core"
import { encodeHex } from "@mdk/core/codec"
import { LocalSigner } from "@mdk/core/identity"
import { layerOn, MemoryDisk } from "@mdk/storage-memory"
import { layerSeededEntropy, MemoryTransport, seededEntropy, type World } from "@mdk/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { inWorld } from "./in_world.ts"

const PEOPLE = 30
const RELAY_LIST = 10002

/** Opens somebody who uses one relay. */
const openAt = (world: World<"zoe">, name: string, place: number) =>
  Effect.map(
    Effect.orDie(Layer.build(
      Mdk.layer().pipe(
        Layer.provide(layerOn(new MemoryDisk())),
        Layer.provide(MemoryTransport.layer({
          network: world.relays.network,
          relays: [world.relays.addresses[place]!],
          client: name,
        })),
        Layer.provide(
          LocalSigner.fromSecretKey(encodeHex(seededEntropy(`${name} key`).bytes(32))),
        ),
        Layer.provide(layerSeededEntropy(name)),
      ),
    )),
    (context) => Context.get(context, Mdk),
  )

describe("looking up many people", () => {
  it("finds everybody, though each has a relay of their own", () =>
    inWorld({ members: ["zoe"], relays: PEOPLE + 1 }, (world) =>
      Effect.gen(function* () {
        const { relays } = world.relays.network
        const ann = yield* openAt(world, "ann", 0)
        const people = yield* Effect.forEach(
          Array.from({ length: PEOPLE }, (_, i) => i + 1),
          (place) =>
            Effect.map(openAt(world, `person ${place}`, place), ({ account }) => account.publicKey),
        )
        yield* world.settle
        // Lists spread; KeyPackages stay where their owners write.
        for (const [index, author] of people.entries()) {
          const [list] = relays[index + 1]!.query(
            [{ authors: [author], kinds: [RELAY_LIST] }],
            [author],
            2e9,
          )
          relays[0]!.plant(list!)
        }
        const reach = yield* ann.groups.reach(people)
        assert.deepEqual(people.filter((who) => reach.get(who) !== "ready"), [])
      })))
})
