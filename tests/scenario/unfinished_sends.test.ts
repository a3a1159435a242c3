import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { Mdk } from "@mdk/core"
import { LocalSigner } from "@mdk/core/identity"
import { Storage, Transport } from "@mdk/core/services"
import { layer as memoryStorage } from "@mdk/storage-memory"
import { MemoryRelays, MemoryTransport } from "@mdk/testing"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { RELAY } from "../examples/memory_account.ts"
import { groupOf, inWorld } from "./in_world.ts"

describe("a send that was cut short", () => {
  it("goes out when who sent it was interrupted while it became durable", async () => {
    const network = new MemoryRelays({ addresses: [RELAY] })
    const program = Effect.gen(function* () {
      const reached = yield* Deferred.make<void>()
      const open = yield* Deferred.make<void>()
      let slow = false
      const storage = Layer.effect(
        Storage,
        Effect.map(Storage, (inner) => ({
          ...inner,
          commit: (batch: Parameters<typeof inner.commit>[0]) =>
            Effect.suspend(() =>
              slow && batch.verbs.some(({ collection }) => collection === "messages")
                ? Effect.andThen(
                  inner.commit(batch),
                  (committed) =>
                    Deferred.succeed(reached, undefined).pipe(
                      Effect.andThen(Deferred.await(open)),
                      Effect.as(committed),
                    ),
                )
                : inner.commit(batch)
            ),
        })),
      ).pipe(Layer.provide(memoryStorage))
      const account = Mdk.layer({}).pipe(
        Layer.provide(storage),
        Layer.provide(LocalSigner.fromSecretKey("01".repeat(32))),
        Layer.provide(MemoryTransport.layer({ network, relays: [RELAY] })),
      )
      yield* Effect.gen(function* () {
        const mdk = yield* Mdk
        const { group } = yield* mdk.groups.create({ name: "Burrow" })
        yield* mdk.sync()
        slow = true
        const sending = yield* Effect.forkChild(mdk.messages.send(group.id, "hello"))
        yield* Deferred.await(reached)
        const interrupting = yield* Effect.forkChild(Fiber.interrupt(sending))
        yield* Effect.yieldNow
        slow = false
        yield* Deferred.succeed(open, undefined)
        yield* Fiber.join(interrupting)
        const [message] = (yield* mdk.messages.page(group.id)).items
        assert.ok(message !== undefined)
        // The message is on its way: a relay has it, without anybody asking again.
        for (let turn = 0; turn < 200; turn++) {
          if (stored() > 0) break
          yield* Effect.sleep(5)
        }
        assert.equal(stored(), 1)
      }).pipe(Effect.provide(account))
    })
    const stored = () => network.relays[0]?.query([{ kinds: [445] }], [], 4_000_000_000).length ?? 0
    await Effect.runPromise(Effect.scoped(program))
  })

  it("is sent by a retry when nothing publishes it any more", async () => {
    const network = new MemoryRelays({ addresses: [RELAY] })
    let broken = false
    const transport = Layer.effect(
      Transport,
      Effect.map(Transport, (inner) => ({
        ...inner,
        publish: (...given: Parameters<typeof inner.publish>) =>
          Stream.suspend(() => broken ? Stream.die("a bug") : inner.publish(...given)),
      })),
    ).pipe(Layer.provide(MemoryTransport.layer({ network, relays: [RELAY] })))
    const account = Mdk.layer({}).pipe(
      Layer.provide(memoryStorage),
      Layer.provide(LocalSigner.fromSecretKey("01".repeat(32))),
      Layer.provide(transport),
    )
    const program = Effect.gen(function* () {
      const mdk = yield* Mdk
      const { group } = yield* mdk.groups.create({ name: "Burrow" })
      yield* mdk.sync()
      broken = true
      const sent = yield* mdk.messages.send(group.id, "hello")
      yield* Effect.sleep(20)
      assert.equal((yield* sent.state)._tag, "Queued")
      broken = false
      yield* mdk.messages.retry(sent.id)
      const relays = yield* sent.published
      assert.equal(relays.accepted, 1)
    }).pipe(Effect.provide(account), Effect.timeout("5 seconds"))
    await Effect.runPromise(program)
  })

  it("is not retried after it failed for good, and says so", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        for (const relay of world.relays.network.relays) relay.setRefusal("blocked: not you")
        const sent = yield* world.ann.messages.send(group.id, "blocked")
        yield* world.settle
        assert.equal((yield* sent.state)._tag, "Failed")
        const error = yield* Effect.flip(world.ann.messages.retry(sent.id))
        assert.equal(error.reason, "failed")
      })))
})
