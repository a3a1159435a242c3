import { KeyStore } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { existsSync } from "node:fs"
import { test } from "node:test"
import { encryptDatabase } from "../../src/mod.ts"
import { KeyStoreDouble } from "../support/key_store_double.ts"
import { open } from "../support/open.ts"
import { withPlace } from "../support/place.ts"
import { write } from "./chat.ts"

const reasonOf = async (path: string, store: KeyStoreDouble) => {
  const encrypted = encryptDatabase({ path, serviceId: "org.example", keyId: "mdk.db.key.default" })
  const result = await Effect.runPromise(
    Effect.result(Effect.provideService(encrypted, KeyStore, store)),
  )
  return result._tag === "Failure" ? result.failure.reason : "done"
}

test("encrypting where nothing is says so, and makes no key", () =>
  withPlace(async ({ path }) => {
    const store = new KeyStoreDouble()
    assert.equal(await reasonOf(path, store), "not-a-database")
    assert.equal(store.keys.size, 0)
    assert.ok(!existsSync(path) && !existsSync(`${path}.record.json`))
  }))

test("encrypting what is encrypted already, under a key that the store has not, says so", () =>
  withPlace(async ({ path }) => {
    const store = new KeyStoreDouble()
    await open(path, (storage) => write(storage, 1, 3))
    assert.equal(await reasonOf(path, store), "key-missing")
    assert.equal(store.keys.size, 0)
  }))
