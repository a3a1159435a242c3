import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, it } from "node:test"
import { Mdk, type MdkOptions, type MdkService } from "@mdk/core"
import { LocalSigner } from "@mdk/core/identity"
import { Storage, type StorageService } from "@mdk/core/services"
import { NostrTransport } from "@mdk/nostr-transport"
import { EmbeddedRelay } from "@mdk/nostr-transport/relay"
import { backupDatabase, layerWithKey, restoreDatabase } from "@mdk/storage-sqlcipher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { COLLECTIONS, INVITES, KEY_PACKAGES, MLS_PARTS } from "../../packages/core/src/group/mod.ts"
import { decryptedPages } from "../../packages/storage-sqlcipher/test/support/decrypted_pages.ts"
import { acceptAll, textsOf } from "./in_world.ts"

const folder = mkdtempSync(join(tmpdir(), "mdk-restoring-"))
const relay = new EmbeddedRelay()
before(() => relay.start())
after(async () => {
  await relay.stop()
  rmSync(folder, { recursive: true, force: true })
})

type Name = "ann" | "bob"
const KEYS = { ann: new Uint8Array(32).fill(0xa1), bob: new Uint8Array(32).fill(0xb2) }
const NPRIVATE = { ann: "3".repeat(64), bob: "4".repeat(64) }
const pathOf = (name: Name) => join(folder, name, "mdk.db")
const keyOf = (name: Name) => Redacted.make(KEYS[name].slice())

const storageOf = (name: Name) => layerWithKey({ path: pathOf(name), key: keyOf(name) })

/** Opens an account over production layers, runs something and closes it. */
const as = <A, E>(
  name: Name,
  use: (mdk: MdkService) => Effect.Effect<A, E>,
  options?: MdkOptions,
) =>
  Effect.runPromise(
    Effect.flatMap(Mdk, (mdk) => Effect.andThen(mdk.sync(), use(mdk))).pipe(
      Effect.provide(
        Mdk.layer(options).pipe(
          Layer.provide(storageOf(name)),
          Layer.provide(LocalSigner.fromSecretKey(NPRIVATE[name])),
          Layer.provide(NostrTransport.layer({ relays: [relay.url], allowPrivate: true })),
        ),
      ),
      Effect.scoped,
    ),
  )

const inStorage = <A, E>(name: Name, use: (storage: StorageService) => Effect.Effect<A, E>) =>
  Effect.runPromise(
    Storage.use((storage) => Effect.andThen(storage.declare(COLLECTIONS), use(storage))).pipe(
      Effect.provide(storageOf(name)),
    ),
  )

/** Every value of the collections that hold keys, and the device's. */
const secretsOf = (name: Name) =>
  inStorage(name, (storage) =>
    Effect.gen(function* () {
      const values: Array<Uint8Array> = []
      for (const { name } of [MLS_PARTS, KEY_PACKAGES, INVITES]) {
        const { rows } = yield* storage.page(name, { index: "key", limit: 1000 })
        values.push(...rows.map(({ value }) => value))
      }
      const device = yield* storage.get("account", "device")
      if (device._tag === "Some") values.push(device.value.value.subarray(0, 32))
      return values
    }))

/** How many of the values stand anywhere in the decrypted file or log, in use or not. */
const foundIn = (name: Name, values: ReadonlyArray<Uint8Array>): number => {
  const pages = decryptedPages(pathOf(name), KEYS[name])
  // What is longer than a page is split over several: its end stands in one piece.
  const tails = values.filter(({ length }) => length >= 24).map((value) =>
    Buffer.from(value.slice(-32))
  )
  return tails.filter((tail) => pages.some(({ content }) => content.includes(tail))).length
}

const outTo = (mdk: MdkService) => Effect.andThen(Effect.sleep("300 millis"), mdk.sync())

describe("a backup that is restored over production layers", { timeout: 120_000 }, () => {
  it("keeps names and history, no key of then is left in its file, and the group goes on", async () => {
    const bob = await as("bob", (mdk) => Effect.succeed(mdk.account.publicKey))
    const group = await as("ann", (mdk) =>
      Effect.gen(function* () {
        const { group, change } = yield* mdk.groups.create({ name: "Burrow", invite: [bob] })
        yield* change.published
        return group.id
      }))
    await as("bob", (mdk) =>
      Effect.gen(function* () {
        yield* acceptAll(mdk)
        const sent = yield* mdk.messages.send(group, "before")
        yield* sent.published
        yield* outTo(mdk)
      }))
    const backup = join(folder, "backup.db")
    await Effect.runPromise(backupDatabase({ path: pathOf("bob"), key: keyOf("bob"), to: backup }))
    await as(
      "bob",
      (mdk) => Effect.flatMap(mdk.messages.send(group, "after"), (sent) => sent.published),
    )

    await Effect.runPromise(restoreDatabase({
      path: pathOf("bob"),
      key: keyOf("bob"),
      from: backup,
      replaceExisting: true,
    }))
    const old = await secretsOf("bob")
    assert.ok(old.length > 5)
    assert.ok(foundIn("bob", old) > 5)
    await assert.rejects(as("bob", () => Effect.void), { reason: "restored-copy" })
    const seen = await as(
      "bob",
      (mdk) => Effect.all([mdk.groups.get(group), textsOf(mdk, group)]),
      { restored: "close-groups" },
    )
    assert.deepEqual([seen[0].status, seen[0].name, seen[1]], ["unrecoverable", "Burrow", [
      "before",
    ]])
    assert.equal(foundIn("bob", old), 0)

    await as("ann", (mdk) =>
      Effect.gen(function* () {
        const change = yield* mdk.groups.invite(group, [bob], { again: true })
        yield* change.applied
        for (;;) {
          const states = [...(yield* change.welcomes).values()]
          if (states.every(({ _tag }) => _tag === "Published")) break
          yield* Effect.sleep("50 millis")
        }
      }))
    const told = await as("bob", (mdk) =>
      Effect.gen(function* () {
        const [joined] = yield* acceptAll(mdk)
        assert.deepEqual([joined?.id, joined?.status], [group, "active"])
        const sent = yield* mdk.messages.send(group, "back")
        yield* sent.published
        return yield* textsOf(mdk, group)
      }))
    assert.deepEqual(told, ["before", "back"])
    assert.deepEqual(await as("ann", (mdk) => textsOf(mdk, group)), ["before", "after", "back"])
  })
})
