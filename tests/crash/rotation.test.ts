import { KeyStore, Storage, StorageError } from "@mdk/core/services"
import { KeyRotation } from "@mdk/keyring-adapters"
import {
  encryptDatabase,
  layer,
  layerUnencrypted,
  rekeyDatabase,
  verifyDatabase,
  withStoredKey,
} from "@mdk/storage-sqlcipher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { fileKeyStore } from "./file_key_store.ts"
import { batchOf, declare, faultsOf, KEY_NAME } from "./life.ts"
import { placesIn } from "./places.ts"

const BATCHES = 8

/** Runs a body with the places of a life, and a way to stop at the n-th change of anything. */
async function withLife(
  body: (life: {
    readonly path: string
    readonly keys: string
    readonly open: Layer.Layer<Storage, StorageError>
  }) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "mdk-rotation-"))
  const { database: path, keys } = placesIn(directory)
  const open = layer({ path, ...KEY_NAME }).pipe(
    Layer.provide(Layer.succeed(KeyStore, fileKeyStore(keys))),
  )
  try {
    await body({ path, keys, open })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const fill = Storage.use((storage) =>
  Effect.gen(function* () {
    yield* declare(storage)
    for (let number = 1; number <= BATCHES; number++) yield* storage.commit(batchOf(number, 0))
  })
)

/** What is found: nothing illegal, everything there, and no copy. */
const check = Storage.use((storage) =>
  Effect.map(faultsOf(storage), ({ faults, last }) => {
    assert.deepEqual([faults, last, storage.condition.restored], [[], BATCHES, false])
  })
)

/** Is told of every change, and stops everything at one of them. */
function stopAt(step: number): { readonly onStep: () => void; readonly seen: () => number } {
  let seen = 0
  return {
    seen: () => seen,
    onStep: () => {
      seen += 1
      if (seen === step) throw new Error("stopped")
    },
  }
}

const rotate = (path: string, keys: string, onStep: () => void = () => {}) =>
  KeyRotation.rotate(
    fileKeyStore(keys, onStep),
    KEY_NAME,
    Redacted.make(crypto.getRandomValues(new Uint8Array(32))),
    ({ current, next }) =>
      Effect.asVoid(rekeyDatabase({ path, current, next, onProgress: onStep })),
  )

test("a rotation that stops at any of its steps is settled by the next opening", {
  timeout: 300_000,
}, async () => {
  let ended = false
  let stops = 0
  for (let step = 1; !ended; step++) {
    await withLife(async ({ keys, open, path }) => {
      await Effect.runPromise(Effect.provide(fill, open))
      const { onStep } = stopAt(step)
      const exit = await Effect.runPromiseExit(rotate(path, keys, onStep))
      ended = exit._tag === "Success"
      if (!ended) stops += 1
      // A command that only reads finds the right key, and changes nothing in the store.
      const store = fileKeyStore(keys)
      const found = await Effect.runPromise(
        withStoredKey({ path, ...KEY_NAME }, (key) => verifyDatabase({ path, key })).pipe(
          Effect.provideService(KeyStore, store),
        ),
      )
      assert.equal(found.sound, true, `step ${step}`)
      await Effect.runPromise(Effect.provide(check, open))
      await Effect.runPromise(rotate(path, keys))
      assert.deepEqual(
        await Effect.runPromise(store.list(KEY_NAME.serviceId)),
        [KEY_NAME.keyId],
        `step ${step}`,
      )
      await Effect.runPromise(Effect.provide(check, open))
    })
  }
  assert.ok(stops > 15, `${stops}`)
})

test("encryption under a stored key: resumed with that key, never over a foreign one", {
  timeout: 300_000,
}, async () => {
  let ended = false
  for (let step = 1; !ended; step++) {
    await withLife(async ({ keys, open, path }) => {
      const clear = layerUnencrypted({ path, storeEverythingInClear: true }).pipe(
        Layer.provide(Logger.layer([])),
      )
      await Effect.runPromise(Effect.provide(fill, clear))
      const { onStep } = stopAt(step)
      const encrypt = (onStep: () => void) =>
        encryptDatabase({ path, ...KEY_NAME, onProgress: onStep }).pipe(
          Effect.provideService(KeyStore, fileKeyStore(keys, onStep)),
        )
      const exit = await Effect.runPromiseExit(encrypt(onStep))
      ended = exit._tag === "Success"
      // Opened in between, as the database that it still is.
      if (step % 2 === 0) await Effect.runPromiseExit(Effect.provide(check, clear))
      await Effect.runPromise(encrypt(() => {}))
      await Effect.runPromise(Effect.provide(check, open))
      assert.ok(!existsSync(`${path}.original`))
    })
  }
  await withLife(async ({ keys, path }) => {
    const clear = layerUnencrypted({ path, storeEverythingInClear: true }).pipe(
      Layer.provide(Logger.layer([])),
    )
    await Effect.runPromise(Effect.provide(fill, clear))
    const store = fileKeyStore(keys)
    await Effect.runPromise(
      store.createIfAbsent(KEY_NAME, Redacted.make(new Uint8Array(32).fill(9))),
    )
    const options = { path, ...KEY_NAME }
    const refused = await Effect.runPromise(
      Effect.flip(encryptDatabase(options)).pipe(Effect.provideService(KeyStore, store)),
    )
    assert.ok(refused instanceof StorageError)
    assert.equal(refused.reason, "key-exists")
    const done = await Effect.runPromise(
      encryptDatabase({ ...options, onExistingKey: "reuse" }).pipe(
        Effect.provideService(KeyStore, store),
      ),
    )
    assert.equal(done.alreadyDone, false)
  })
})
