import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { test } from "node:test"
import { databasePaths } from "../src/files/database_paths.ts"
import { MAX_EARLIER, parseRecord, readRecord } from "../src/open/creation_record.ts"
import { keyCheckOf } from "../src/open/key_check.ts"
import type { KeySource } from "../src/open/key_handover.ts"
import { KeyStoreDouble } from "./support/key_store_double.ts"
import { KEY, open, refusedBecause } from "./support/open.ts"
import { withPlace } from "./support/place.ts"

const NAME = { serviceId: "com.example.test", keyId: "default" }
const ID = "com.example.test/default"
const POLICIES = ["error", "reuse", "rotate"] as const

const stored = (store: KeyStoreDouble, onExistingKey: (typeof POLICIES)[number]): KeySource => ({
  kind: "store",
  store,
  name: NAME,
  onExistingKey,
})

/** A store whose key was stored by a creator that died at that moment. */
async function interrupted(path: string, policy: (typeof POLICIES)[number]) {
  const store = new KeyStoreDouble()
  store.fault = { operation: "create", reason: "timed-out", applied: true }
  assert.equal(await refusedBecause(path, stored(store, policy)), "key-store")
  const key = store.keys.get(ID)
  assert.ok(key)
  return { store, key: key.slice() }
}

for (const policy of POLICIES) {
  test(`a store that hides the key of an unfinished creation once does not end it (${policy})`, () =>
    withPlace(async ({ path }) => {
      const { key, store } = await interrupted(path, policy)
      store.hidesKeys = true
      assert.equal(await refusedBecause(path, stored(store, policy)), "opened")
      store.hidesKeys = false
      assert.deepEqual(store.keys.get(ID), key)
      const record = readRecord(databasePaths(path))
      assert.deepEqual([record?.state, record?.check], ["ready", keyCheckOf(key)])
      assert.equal(record?.earlier, undefined)
      const { restored } = await open(
        path,
        (storage) => Effect.succeed(storage.condition),
        stored(store, policy),
      )
      assert.equal(restored, false)
    }))

  test(`openings that die while the store hides the key lose nothing (${policy})`, () =>
    withPlace(async ({ path }) => {
      const { key, store } = await interrupted(path, policy)
      for (const round of [0, 1, 2]) {
        store.hidesKeys = true
        store.fault = { operation: "create", reason: "unavailable", applied: false }
        assert.equal(await refusedBecause(path, stored(store, policy)), "key-store", `${round}`)
        store.hidesKeys = false
      }
      assert.equal(await refusedBecause(path, stored(store, policy)), "opened")
      assert.deepEqual(store.keys.get(ID), key)
    }))
}

test("somebody else's key under the name of an unfinished creation is not taken for its own", () =>
  withPlace(async ({ path }) => {
    const { store } = await interrupted(path, "error")
    store.keys.set(ID, KEY.slice())
    store.hidesKeys = true
    assert.equal(await refusedBecause(path, stored(store, "error")), "key-exists")
    store.hidesKeys = false
    assert.equal(await refusedBecause(path, stored(store, "error")), "key-exists")
    assert.deepEqual(store.keys.get(ID), KEY)
  }))

test("a store that never stores makes no record that cannot be read", () =>
  withPlace(async ({ path }) => {
    const store = new KeyStoreDouble()
    for (let round = 0; round < MAX_EARLIER + 3; round++) {
      store.fault = { operation: "create", reason: "unavailable", applied: false }
      assert.equal(await refusedBecause(path, stored(store, "error")), "key-store")
    }
    const record = readRecord(databasePaths(path))
    assert.equal(record?.earlier?.length, MAX_EARLIER)
    assert.equal(await refusedBecause(path, stored(store, "error")), "opened")
    for (const earlier of [["0"], "0", Array(MAX_EARLIER + 1).fill("0".repeat(16))]) {
      assert.equal(parseRecord(JSON.stringify({ v: 1, ...record, earlier })), undefined)
    }
  }))
