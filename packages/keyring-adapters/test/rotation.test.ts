/**
 * Rotation with a crash at every step: at no moment is the key of the database on disk lost.
 *
 * @module
 */
import { KeyRotation, MemoryKeyring } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { fillOf, hide, name, reasonOf } from "./support/outcome.ts"

const staged = KeyRotation.stagedName(name)
const OLD = 1
const NEW = 2

/** A database that is encrypted with one key, and swapped to another as a whole. */
const makeDatabase = () => {
  const database = { fill: OLD, rekeys: 0 }
  return {
    database,
    opens: (key: Redacted.Redacted<Uint8Array>) =>
      Effect.sync(() => Redacted.value(key)[0] === database.fill),
    rekey: ({ next }: KeyRotation.RotationKeys) =>
      Effect.sync(() => {
        database.fill = Redacted.value(next)[0] ?? 0
        database.rekeys += 1
      }),
  }
}
const start = async () => {
  const store = MemoryKeyring.make()
  await Effect.runPromise(store.service.createIfAbsent(name, hide(OLD)))
  return { store, ...makeDatabase() }
}

describe("key rotation", () => {
  it("leaves one entry, with the key of the database", async () => {
    const { store, database, rekey } = await start()
    await Effect.runPromise(KeyRotation.rotate(store.service, name, hide(NEW), rekey))
    assert.deepEqual(
      [database.fill, await fillOf(store.service), await fillOf(store.service, staged)],
      [NEW, NEW, undefined],
    )
  })

  it("never loses the database's key, whichever step of the store fails", async () => {
    let failures = 0
    for (const step of ["read", "write", "remove"] as const) {
      for (const fault of ["locked", "half", "lost"] as const) {
        for (let after = 0; after < 12; after++) {
          const { store, database, opens, rekey } = await start()
          store.inject({ step, fault, after })
          const outcome = await reasonOf(
            KeyRotation.rotate(store.service, name, hide(NEW), rekey),
          )
          if (outcome !== "succeeded") failures += 1
          store.clearFaults()
          const held = [await fillOf(store.service), await fillOf(store.service, staged)]
          assert.ok(held.includes(database.fill), `${step} ${fault} ${after}`)
          const settled = await Effect.runPromise(KeyRotation.settle(store.service, name, opens))
          assert.equal(await fillOf(store.service), database.fill, `${settled} after ${step}`)
          assert.equal(await fillOf(store.service, staged), undefined)
        }
      }
    }
    assert.ok(failures > 10, `only ${failures} of the runs failed`)
  })

  it("a crash before the swap is dropped, one after it is finished", async () => {
    for (const swapped of [false, true]) {
      const { store, database, opens, rekey } = await start()
      await Effect.runPromise(Effect.scoped(
        Effect.flatMap(
          KeyRotation.stage(store.service, name, hide(NEW)),
          (keys) => swapped ? rekey(keys) : Effect.void,
        ),
      ))
      const settled = await Effect.runPromise(KeyRotation.settle(store.service, name, opens))
      assert.equal(settled, swapped ? "completed" : "abandoned")
      assert.equal(await fillOf(store.service), database.fill)
      const again = await Effect.runPromise(KeyRotation.settle(store.service, name, opens))
      assert.equal(again, "none")
    }
  })

  it("takes up the key that an interrupted rotation staged", async () => {
    const { store, rekey } = await start()
    await Effect.runPromise(Effect.scoped(KeyRotation.stage(store.service, name, hide(NEW))))
    await Effect.runPromise(KeyRotation.rotate(store.service, name, hide(3), rekey))
    assert.equal(await fillOf(store.service), NEW)
  })

  it("changes nothing when neither key opens the database", async () => {
    const { store, database, opens } = await start()
    await Effect.runPromise(Effect.scoped(KeyRotation.stage(store.service, name, hide(NEW))))
    database.fill = 77
    assert.equal(await reasonOf(KeyRotation.settle(store.service, name, opens)), "conflict")
    assert.deepEqual(
      [await fillOf(store.service), await fillOf(store.service, staged)],
      [OLD, NEW],
    )
  })

  it("restores the entry that was removed while a rotation was under way", async () => {
    const { store, opens, rekey } = await start()
    await Effect.runPromise(Effect.scoped(
      Effect.flatMap(KeyRotation.stage(store.service, name, hide(NEW)), rekey),
    ))
    await Effect.runPromise(store.service.delete(name))
    assert.equal(
      await Effect.runPromise(KeyRotation.settle(store.service, name, opens)),
      "completed",
    )
    assert.equal(await fillOf(store.service), NEW)
  })

  it("needs a current key and another next one", async () => {
    const { store, rekey } = await start()
    const rotate = (at: typeof name, fill: number) =>
      reasonOf(KeyRotation.rotate(store.service, at, hide(fill), rekey))
    assert.equal(await rotate({ ...name, keyId: "absent" }, NEW), "missing")
    assert.equal(await rotate(name, OLD), "invalid-key")
    assert.equal(await rotate(name, 0), "invalid-key")
    assert.deepEqual(await Effect.runPromise(store.service.list(name.serviceId)), [name.keyId])
  })

  it("hands out keys that are zeroed afterwards", async () => {
    const { store } = await start()
    let kept: Uint8Array | undefined
    await Effect.runPromise(
      KeyRotation.rotate(store.service, name, hide(NEW), ({ next }) =>
        Effect.sync(() => {
          kept = Redacted.value(next)
          assert.equal(kept[0], NEW)
        })),
    )
    assert.equal(kept?.every((byte) => byte === 0), true)
  })
})
