import { type Collection, Storage } from "@mdk/core/services"
import { MemoryKeyring } from "@mdk/keyring-adapters"
import { layer, layerMemory, layerUnencrypted, layerWithKey } from "@mdk/storage-sqlcipher"
import { storageContract, type StorageSubject } from "@mdk/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"

const makeRoot = () => mkdtempSync(join(tmpdir(), "mdk-contract-"))

/** A place whose layer is made anew from the path of its database. */
const subjectIn = (
  root: string,
  layerAt: (path: string) => StorageSubject["layer"],
): StorageSubject => ({
  layer: layerAt(join(root, "account", "chat.db")),
  copy: () => {
    const copy = makeRoot()
    cpSync(join(root, "account"), join(copy, "account"), { recursive: true })
    return Promise.resolve(subjectIn(copy, layerAt))
  },
  dispose: () => Promise.resolve(rmSync(root, { recursive: true, force: true })),
})

storageContract("sqlcipher, key from a key store", () => {
  const keys = MemoryKeyring.make()
  const at = (path: string) =>
    layer({ path, serviceId: "com.example.contract", keyId: "mdk.db.key.default" }).pipe(
      Layer.provide(MemoryKeyring.layerOf(keys)),
    )
  return Promise.resolve(subjectIn(makeRoot(), at))
})

const key = Redacted.make(new Uint8Array(32).fill(7))

storageContract(
  "sqlcipher, key from the application",
  () => Promise.resolve(subjectIn(makeRoot(), (path) => layerWithKey({ path, key }))),
)

storageContract(
  "sqlcipher's engine without encryption",
  () =>
    Promise.resolve(
      subjectIn(makeRoot(), (path) => layerUnencrypted({ path, storeEverythingInClear: true })),
    ),
)

test("sqlcipher's engine in memory forgets everything", async () => {
  const notes: Collection = { name: "notes", kind: "keyed", columns: {}, indexes: {} }
  const id = "0".repeat(32)
  const program = Effect.gen(function* () {
    const storage = yield* Storage
    yield* storage.declare([notes])
    assert.ok(Option.isNone(yield* storage.get("notes", "a")))
    const value = new Uint8Array([1])
    yield* storage.commit({ id, verbs: [{ verb: "put", collection: "notes", key: "a", value }] })
    assert.deepEqual(Option.getOrThrow(yield* storage.get("notes", "a")).value, value)
  })
  for (let round = 0; round < 2; round++) {
    await Effect.runPromise(Effect.provide(program, Layer.fresh(layerMemory)))
  }
})
