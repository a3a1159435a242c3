import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { Mdk } from "@mdk/core"
import { LocalSigner } from "@mdk/core/identity"
import { Storage } from "@mdk/core/services"
import { layer as memoryStorage } from "@mdk/storage-memory"
import { MemoryRelays, MemoryTransport } from "@mdk/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { RELAY } from "../examples/memory_account.ts"
import { groupOf, inWorld, textsOf } from "./in_world.ts"

const pair = ["ann", "bob"] as const

describe("a key against doubles", () => {
  it("gives the same handle for a reaction taken away, an edit and a deletion", () =>
    inWorld({ members: pair }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const { messageId } = yield* world.ann.messages.send(group.id, "x")
        yield* world.ann.messages.react(messageId, "👍")
        yield* world.settle
        const { react, edit, remove } = world.ann.messages
        for (
          const act of [
            () => react(messageId, null, { once: "unreact" }),
            () => edit(messageId, "y", { once: "edit" }),
            () => remove(messageId, { once: "remove" }),
          ]
        ) {
          const first = yield* act()
          yield* world.settle
          const second = yield* act()
          assert.equal(second.id, first.id)
        }
        const [message] = (yield* world.bob.messages.page(group.id)).items
        assert.deepEqual([message?.content._tag, message?.reactions], ["Deleted", []])
      })))

  it("comes before everything else: what is answered may be gone, and the text wrong", () =>
    inWorld({ members: pair }, (world) =>
      Effect.gen(function* () {
        const { group } = yield* world.ann.groups.create({
          name: "Burrow",
          invite: [world.bob.account.publicKey],
          retention: "1 minute",
        })
        yield* world.settle
        const [invite] = (yield* world.bob.invites.page()).items
        assert.ok(invite !== undefined)
        yield* world.bob.invites.accept(invite.id)
        yield* world.settle
        yield* world.ann.messages.send(group.id, "ping")
        yield* world.settle
        const ping = (yield* world.bob.messages.page(group.id)).items
          .find(({ fallback }) => fallback === "ping")
        assert.ok(ping !== undefined)
        const options = { replyTo: ping.id, once: "ping" }
        const first = yield* world.bob.messages.send(group.id, "pong", options)
        const reaction = yield* world.bob.messages.react(ping.id, "👍", { once: "react" })
        yield* world.settle
        yield* TestClock.adjust("2 minutes")
        yield* world.settle
        const gone = yield* Effect.flip(world.bob.messages.get(ping.id))
        assert.equal(gone.reason, "unknown-message")
        const second = yield* world.bob.messages.send(group.id, "pong", options)
        const third = yield* world.bob.messages.send(group.id, "", options)
        const again = yield* world.bob.messages.react(ping.id, "👍", { once: "react" })
        assert.deepEqual([second.id, third.id, again.id], [first.id, first.id, reaction.id])
      })))

  it("holds for sends at the same time, in different groups too", async () => {
    // What is read comes later, so that no call is over before the next one begins.
    const storage = Layer.effect(
      Storage,
      Effect.map(Storage, (inner) => ({
        ...inner,
        page: (...given: Parameters<typeof inner.page>) =>
          Effect.tap(inner.page(...given), () => Effect.sleep(1)),
      })),
    ).pipe(Layer.provide(memoryStorage))
    const network = new MemoryRelays({ addresses: [RELAY] })
    const account = Mdk.layer({ offline: true }).pipe(
      Layer.provide(storage),
      Layer.provide(LocalSigner.fromSecretKey("01".repeat(32))),
      Layer.provide(MemoryTransport.layer({ network, relays: [RELAY] })),
    )
    const program = Effect.gen(function* () {
      const mdk = yield* Mdk
      const one = (yield* mdk.groups.create({ name: "one" })).group.id
      const two = (yield* mdk.groups.create({ name: "two" })).group.id
      const sends = [one, two, one, two].map((id) =>
        mdk.messages.send(id, "hello", { once: "key" })
      )
      const sent = yield* Effect.all(sends, { concurrency: "unbounded" })
      assert.equal(new Set(sent.map(({ id }) => id)).size, 1)
      const texts = [...yield* textsOf(mdk, one), ...yield* textsOf(mdk, two)]
      assert.deepEqual(texts, ["hello"])
    })
    await Effect.runPromise(Effect.provide(program, account))
  })
})
