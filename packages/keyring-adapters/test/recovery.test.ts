/**
 * Migration, export and import of keys.
 *
 * @module
 */
import type { KeyStoreService } from "@mdk/core/services"
import { ExplicitKey, KeyRecovery, MemoryKeyring } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { fillOf, hide, key, name, reasonOf } from "./support/outcome.ts"

const filled = async (fill: number) => {
  const store = MemoryKeyring.make()
  await Effect.runPromise(store.service.createIfAbsent(name, hide(fill)))
  return store
}
const migrate = (from: KeyStoreService, to: KeyStoreService, keepSource = false) =>
  KeyRecovery.migrate(from, to, name, { keepSource })

describe("migration", () => {
  it("copies, reads back and deletes", async () => {
    const [from, to] = [await filled(1), MemoryKeyring.make()]
    const done = await Effect.runPromise(migrate(from.service, to.service))
    assert.deepEqual(done, { copied: true, deleted: true })
    assert.deepEqual([await fillOf(from.service), await fillOf(to.service)], [undefined, 1])
    assert.deepEqual(await Effect.runPromise(to.service.list(name.serviceId)), [name.keyId])
    const again = await Effect.runPromise(migrate(from.service, to.service))
    assert.deepEqual(again, { copied: false, deleted: false })
  })

  it("never loses the key, whichever step fails, and is finished by repeating it", async () => {
    for (const side of ["from", "to"] as const) {
      for (const step of ["read", "write", "remove"] as const) {
        for (const fault of ["locked", "half", "lost"] as const) {
          for (let after = 0; after < 10; after++) {
            const stores = { from: await filled(1), to: MemoryKeyring.make() }
            stores[side].inject({ step, fault, after })
            await reasonOf(migrate(stores.from.service, stores.to.service))
            stores[side].clearFaults()
            const held = [await fillOf(stores.from.service), await fillOf(stores.to.service)]
            assert.ok(held.includes(1), `${side} ${step} ${fault} ${after}`)
            await Effect.runPromise(migrate(stores.from.service, stores.to.service))
            assert.deepEqual(
              [await fillOf(stores.from.service), await fillOf(stores.to.service)],
              [undefined, 1],
            )
          }
        }
      }
    }
  })

  it("refuses another key in the new store, an absent one, and the same store twice", async () => {
    const [from, other] = [await filled(1), await filled(2)]
    assert.equal(await reasonOf(migrate(from.service, other.service)), "conflict")
    assert.deepEqual([await fillOf(from.service), await fillOf(other.service)], [1, 2])
    const empty = MemoryKeyring.make()
    assert.equal(await reasonOf(migrate(empty.service, MemoryKeyring.make().service)), "missing")
    // Another handle on the same entries, as two layers over one real store are.
    const handle: KeyStoreService = { ...from.service }
    assert.equal(await reasonOf(migrate(from.service, handle)), "backend-changed")
    assert.equal(await fillOf(from.service), 1)
  })

  it("a source that cannot delete keeps its key", async () => {
    await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const source = yield* ExplicitKey.make({ name, key: hide(1) })
      const to = MemoryKeyring.make()
      const first = yield* Effect.result(migrate(source, to.service))
      assert.equal(first._tag, "Failure")
      const second = yield* migrate(source, to.service, true)
      assert.deepEqual(second, { copied: false, deleted: false })
      assert.equal(yield* Effect.promise(() => fillOf(to.service)), 1)
    })))
  })
})

describe("recovery", () => {
  it("exports the entry's text and imports it elsewhere", async () => {
    const from = await filled(255)
    const exported = await Effect.runPromise(
      KeyRecovery.exportKey(from.service, name, { revealKey: true }),
    )
    const text = new TextDecoder().decode(Redacted.value(exported))
    assert.equal(text, `mdk-sqlite-key-v1:${"/".repeat(42)}8=`)
    const to = MemoryKeyring.make()
    const typed = Redacted.make(new TextEncoder().encode(`  ${text}\r\n`))
    const made = await Effect.runPromise(KeyRecovery.importKey(to.service, name, typed))
    assert.equal(made.created, true)
    assert.equal(await fillOf(to.service), 255)
  })

  it("never replaces a key by importing", async () => {
    const to = await filled(1)
    const from = await filled(2)
    const exported = await Effect.runPromise(
      KeyRecovery.exportKey(from.service, name, { revealKey: true }),
    )
    const made = await Effect.runPromise(KeyRecovery.importKey(to.service, name, exported))
    assert.equal(made.created, false)
    assert.equal(await fillOf(to.service), 1)
  })

  it("refuses what is not an exported key", async () => {
    const to = MemoryKeyring.make()
    for (
      const bytes of [key(7), new Uint8Array(0), new TextEncoder().encode("mdk-sqlite-key-v1:AA")]
    ) {
      const imported = KeyRecovery.importKey(to.service, name, Redacted.make(bytes))
      assert.equal(await reasonOf(imported), "invalid-key")
    }
    const absent = KeyRecovery.exportKey(to.service, name, { revealKey: true })
    assert.equal(await reasonOf(absent), "missing")
  })
})
