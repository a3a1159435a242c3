import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { connect, Mdk, type MdkService } from "@mdk/core"
import { Storage } from "@mdk/core/services"
import { LocalSigner } from "@mdk/core/identity"
import { layerOn, MemoryDisk } from "@mdk/storage-memory"
import { MemoryRelays, MemoryTransport } from "@mdk/testing"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { COLLECTIONS } from "../../packages/core/src/group/mod.ts"
import { groupOf, inWorld } from "./in_world.ts"

const RELAY = "wss://relay.test"

const account = (disk: MemoryDisk, secretKey: string) =>
  Mdk.layer().pipe(
    Layer.provide(layerOn(disk)),
    Layer.provide(LocalSigner.fromSecretKey(secretKey)),
    Layer.provide(
      MemoryTransport.layer({
        network: new MemoryRelays({ addresses: [RELAY] }),
        relays: [RELAY],
      }),
    ),
  )

const open = (disk: MemoryDisk, secretKey = "1".repeat(64)) =>
  Effect.runPromise(Effect.flip(Effect.scoped(Layer.build(account(disk, secretKey)))))

describe("opening an account", () => {
  it("is refused for another account than the one in the database, and changes nothing", async () => {
    const disk = new MemoryDisk()
    await Effect.runPromise(Effect.scoped(Layer.build(account(disk, "1".repeat(64)))))
    const refused = await open(disk, "2".repeat(64))
    assert.ok("reason" in refused)
    assert.deepEqual([refused._tag, refused.reason], ["OpenError", "signer-mismatch"])
    await Effect.runPromise(Effect.scoped(Layer.build(account(disk, "1".repeat(64)))))
  })

  it("is refused while another instance has it open", async () => {
    const disk = new MemoryDisk()
    const first = await connect(account(disk, "1".repeat(64)))
    const refused = await open(disk)
    assert.ok("reason" in refused)
    assert.equal(refused.reason, "account-in-use")
    // What `await using` calls.
    await first[Symbol.asyncDispose]()
  })

  it("ends with its scope: every later call fails with `closed`, waiting ones too", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.relays.partition([0])
        const { ann } = world
        const sent = yield* ann.messages.send(group.id, "x")
        const waiting = yield* Effect.forkChild(Effect.flip(sent.published), {
          startImmediately: true,
        })
        yield* world.close("ann")
        assert.equal((yield* Fiber.join(waiting)).reason, "closed")
        for (
          const call of [
            ann.messages.send(group.id, "y"),
            ann.messages.page(group.id),
            ann.groups.get(group.id),
            sent.state,
          ]
        ) {
          assert.equal(
            (yield* Effect.flip(call as Effect.Effect<unknown, Error>)).message,
            "ServiceError: closed",
          )
        }
      })))

  it("rejects with the same error class in the Promise front, and resolves `consume` at the end", async () => {
    const disk = new MemoryDisk()
    const client = await connect(account(disk, "1".repeat(64)))
    const consuming = client.events.consume("c", () => Promise.resolve())
    const controller = new AbortController()
    const live = Array.fromAsync(client.events.live)
    const status = Array.fromAsync(client.status)
    const other = client.events.consume("d", () => Promise.resolve(), { signal: controller.signal })
    controller.abort()
    await other
    const { group, change } = await client.groups.create({ name: "alone" })
    assert.equal(await change.applied(), 0n)
    assert.deepEqual((await client.groups.get(group.id)).members, [client.account.publicKey])
    await client.close()
    await client.close()
    await consuming
    // Screens come to an end too.
    assert.ok(Array.isArray(await live))
    assert.ok((await status).length >= 1)
    await assert.rejects(client.groups.page(), { _tag: "ServiceError", reason: "closed" })
  })
})

describe("a failing disk", () => {
  it("fails the call with its reason and changes nothing; the next call works", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const disk = new MemoryDisk()
        const life = yield* Scope.make()
        const layer = account(disk, "7".repeat(64))
        const context = yield* Layer.build(layer).pipe(Scope.provide(life))
        const mdk = yield* Effect.provide(Mdk, context)
        yield* world.settle
        const { group } = yield* mdk.groups.create({ name: "disk" })
        for (const [reason, expected] of [["full", "disk-full"], ["io", "storage"]] as const) {
          disk.plant({ operation: "commit", reason })
          const failed = yield* Effect.flip(mdk.messages.send(group.id, reason))
          assert.equal(failed.reason, expected)
          assert.ok(!JSON.stringify(failed).includes(group.id))
          assert.deepEqual((yield* mdk.messages.page(group.id)).items, [])
        }
        disk.plant({ operation: "commit", reason: "outcome-unknown" })
        const sending = yield* Effect.forkChild(mdk.messages.send(group.id, "once"))
        yield* world.settle
        yield* Fiber.join(sending)
        assert.equal((yield* mdk.messages.page(group.id)).items.length, 1)
        yield* Scope.close(life, Exit.void)
      }).pipe(Effect.orDie)))
})

describe("a damaged row", () => {
  it("is a typed error for its group, and no obstacle for the others", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const disk = new MemoryDisk()
        const use = <A, E>(work: (mdk: MdkService) => Effect.Effect<A, E>) =>
          Effect.scoped(Effect.gen(function* () {
            const context = yield* Layer.build(Layer.fresh(account(disk, "7".repeat(64))))
            return yield* work(yield* Effect.provide(Mdk, context))
          }))
        const [broken, whole] = yield* use((mdk) =>
          Effect.gen(function* () {
            const one = yield* mdk.groups.create({ name: "broken" })
            const two = yield* mdk.groups.create({ name: "whole" })
            return [one.group.id, two.group.id] as const
          })
        )
        yield* Effect.scoped(Effect.gen(function* () {
          const context = yield* Layer.build(Layer.fresh(layerOn(disk)))
          const storage = yield* Effect.provide(Storage, context)
          yield* storage.declare(COLLECTIONS)
          const { rows } = yield* storage.page("mls_parts", { index: "key", limit: 1000 })
          yield* storage.commit({
            id: "ab".repeat(16),
            verbs: rows.filter(({ key }) => String(key).startsWith(broken)).map(
              ({ key, columns, value }) => ({
                verb: "put",
                collection: "mls_parts",
                key: String(key),
                columns,
                value: value.map((byte) => byte ^ 1),
              }),
            ),
          })
        }))
        yield* use((mdk) =>
          Effect.gen(function* () {
            const failed = yield* Effect.flip(mdk.messages.send(broken, "x"))
            assert.deepEqual([failed._tag, failed.reason], ["ServiceError", "storage"])
            yield* mdk.messages.send(whole, "x")
            assert.equal((yield* mdk.groups.page()).items.length, 2)
          })
        )
        yield* world.settle
      }).pipe(Effect.orDie)))
})
