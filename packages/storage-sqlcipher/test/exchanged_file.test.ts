import type { KeyStoreService } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { copyFileSync, readFileSync, renameSync, rmSync } from "node:fs"
import { test } from "node:test"
import type { KeySource } from "../src/open/key_handover.ts"
import { KeyStoreDouble } from "./support/key_store_double.ts"
import { refusedBecause } from "./support/open.ts"
import { withPlace } from "./support/place.ts"

const NAME = { serviceId: "com.example.test", keyId: "default" }

/** A store during whose answers somebody else is at work. */
const stored = (
  store: KeyStoreService,
  meanwhile: { readonly get?: () => void; readonly create?: () => void } = {},
): KeySource => ({
  kind: "store",
  name: NAME,
  onExistingKey: "error",
  store: {
    ...store,
    get: (name) => Effect.tap(store.get(name), () => Effect.sync(() => meanwhile.get?.())),
    createIfAbsent: (name, key) =>
      Effect.tap(store.createIfAbsent(name, key), () => Effect.sync(() => meanwhile.create?.())),
  },
})

test("a file that was exchanged while the key was fetched is not opened", () =>
  withPlace(async ({ path, root }) => {
    const store = new KeyStoreDouble()
    assert.equal(await refusedBecause(path, stored(store)), "opened")
    const exchange = () => {
      copyFileSync(path, `${root}/twin`)
      renameSync(`${root}/twin`, path)
    }
    const before = readFileSync(path)
    assert.equal(await refusedBecause(path, stored(store, { get: exchange })), "unsafe-file")
    assert.deepEqual(readFileSync(path), before)
    assert.equal(await refusedBecause(path, stored(store)), "opened")
  }))

test("a file that was exchanged since this opening created it is not opened", () =>
  withPlace(async ({ path, root }) => {
    const store = new KeyStoreDouble()
    const exchange = () => {
      copyFileSync(path, `${root}/twin`)
      renameSync(`${root}/twin`, path)
    }
    assert.equal(await refusedBecause(path, stored(store, { create: exchange })), "unsafe-file")
    const vanish = () => rmSync(path)
    assert.equal(await refusedBecause(path, stored(store, { get: vanish })), "unsafe-file")
    assert.equal(await refusedBecause(path, stored(store)), "opened")
  }))
