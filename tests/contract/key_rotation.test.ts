/**
 * Rotation of a key with the storage's re-key: whichever step of the key store fails, the database
 * opens afterwards, with a key that is in the store, and the rotation can be finished.
 *
 * @module
 */
import { Storage } from "@mdk/core/services"
import { KeyRotation, MemoryKeyring } from "@mdk/keyring-adapters"
import { layer, rekeyDatabase } from "@mdk/storage-sqlcipher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, describe, it } from "node:test"

const name = { serviceId: "org.example.rotation", keyId: "db" }
const COLLECTION = { name: "rows", kind: "keyed", columns: {}, indexes: {} } as const
const parent = mkdtempSync(join(tmpdir(), "mdk-rotation-"))
after(() => rmSync(parent, { recursive: true }))
let places = 0

/** Opens by the default policy; the number of rows. */
const rowsIn = (path: string, store: MemoryKeyring.MemoryKeyStore, put = false): Promise<number> =>
  Effect.runPromise(
    Storage.use((storage) =>
      Effect.gen(function* () {
        yield* storage.declare([COLLECTION])
        if (put) {
          yield* storage.commit({
            id: "a".repeat(32),
            verbs: [{ verb: "put", collection: "rows", key: "k", value: new Uint8Array([1]) }],
          })
        }
        return yield* storage.count("rows", { index: "key" }, 10)
      })
    ).pipe(Effect.provide(
      layer({ ...name, path }).pipe(Layer.provide(MemoryKeyring.layerOf(store))),
    )),
  )

const start = async () => {
  const path = join(parent, String(places++), "chat.db")
  const store = MemoryKeyring.make()
  assert.equal(await rowsIn(path, store, true), 1)
  return { path, store }
}
const rotate = (path: string, store: MemoryKeyring.MemoryKeyStore) =>
  KeyRotation.rotate(
    store.service,
    name,
    Redacted.make(globalThis.crypto.getRandomValues(new Uint8Array(32))),
    ({ current, next }) => Effect.asVoid(rekeyDatabase({ path, current, next })),
  )

describe("rotation with the storage's re-key", () => {
  it("changes the key, and the old one opens nothing", { timeout: 300_000 }, async () => {
    const { path, store } = await start()
    const old = store.peek(name) ?? new Uint8Array()
    await Effect.runPromise(rotate(path, store))
    assert.notDeepEqual(store.peek(name), old)
    assert.equal(store.peek(KeyRotation.stagedName(name)), undefined)
    assert.equal(await rowsIn(path, store), 1)
    store.plant(name, old)
    await assert.rejects(rowsIn(path, store), /storage: open failed: wrong-key/)
  })

  it("survives a failing store at every step", { timeout: 600_000 }, async () => {
    let failures = 0
    for (const step of ["read", "write", "remove"] as const) {
      for (const fault of ["unavailable", "half", "lost"] as const) {
        for (let steps = 0; steps < 6; steps++) {
          const { path, store } = await start()
          store.inject({ step, fault, after: steps })
          const result = await Effect.runPromise(Effect.result(rotate(path, store)))
          if (Result.isFailure(result)) failures += 1
          store.clearFaults()
          assert.equal(await rowsIn(path, store), 1, `${step} ${fault} ${steps}`)
          await Effect.runPromise(rotate(path, store))
          assert.equal(await rowsIn(path, store), 1)
          assert.deepEqual(await Effect.runPromise(store.service.list(name.serviceId)), ["db"])
        }
      }
    }
    assert.ok(failures > 8, `only ${failures} of the runs failed`)
  })

  it(
    "is taken up by the next opening when it was killed around the swap",
    { timeout: 300_000 },
    async () => {
      for (const swapped of [false, true]) {
        const { path, store } = await start()
        const fresh = Redacted.make(globalThis.crypto.getRandomValues(new Uint8Array(32)))
        await Effect.runPromise(Effect.scoped(
          Effect.flatMap(
            KeyRotation.stage(store.service, name, fresh),
            ({ current, next }) =>
              swapped ? Effect.asVoid(rekeyDatabase({ path, current, next })) : Effect.void,
          ),
        ))
        assert.equal(await rowsIn(path, store), 1)
        await Effect.runPromise(rotate(path, store))
        assert.equal(await rowsIn(path, store), 1)
        assert.equal(store.peek(KeyRotation.stagedName(name)), undefined)
      }
    },
  )
})
