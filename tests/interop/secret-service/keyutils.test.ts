/**
 * The kernel's keys in front of a durable store, in a session keyring of their own
 * (`keyctl session`).
 *
 * @module
 */
import { KeyutilsCache, MemoryKeyring } from "@mdk/keyring-adapters"
import { keyStoreContract } from "@mdk/testing"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import process from "node:process"
import { describe, it } from "node:test"
import { freshKey, inState, reasonOf, run } from "./secret_service.ts"

const serviceId = `org.example.keyutils.${process.pid}`
const name = { serviceId, keyId: "db" }
const hex = (key: Redacted.Redacted<Uint8Array>) => Redacted.value(key).join()
const kernelHas = (keyId: string) => {
  try {
    execFileSync("keyctl", ["search", "@s", "user", `keyring:${keyId}@${serviceId}`], {
      stdio: "ignore",
    })
    return true
  } catch {
    return false
  }
}

inState(["keyutils"], () => {
  const contract = MemoryKeyring.make()
  keyStoreContract({
    name: "keyutils over memory",
    open: KeyutilsCache.make({ durable: contract.service }),
    serviceId: `${serviceId}.contract`,
    lists: true,
  })

  describe("keyutils cache", () => {
    it("answers while the durable store is closed, and forgets with it", async () => {
      const durable = MemoryKeyring.make()
      const cache = await run(KeyutilsCache.make({ durable: durable.service }))
      assert.equal(cache.backend, durable.service.backend)
      const key = freshKey()
      await run(cache.createIfAbsent(name, key))
      assert.equal(kernelHas(name.keyId), true)
      durable.close("fails")
      const read = await run(cache.get(name))
      assert.equal(read._tag === "Some" ? hex(read.value) : undefined, hex(key))
      assert.equal(await reasonOf(cache.delete(name)), "locked")
      durable.open()
      assert.equal(await run(cache.delete(name)), true)
      assert.equal(kernelHas(name.keyId), false)
    })

    it("fills itself from the durable store, and is never the only home", async () => {
      const durable = MemoryKeyring.make()
      const key = freshKey()
      await run(durable.service.createIfAbsent(name, key))
      const cache = await run(KeyutilsCache.make({ durable: durable.service }))
      assert.equal(kernelHas(name.keyId), false)
      await run(cache.get(name))
      assert.equal(kernelHas(name.keyId), true)
      durable.inject({ step: "write", fault: "unavailable" })
      const other = { ...name, keyId: "other" }
      assert.equal(await reasonOf(cache.createIfAbsent(other, freshKey())), "unavailable")
      assert.equal(kernelHas("other"), false)
      await run(cache.delete(name))
    })

    it("does not answer an old key after a replacement, also a failed one", async () => {
      const durable = MemoryKeyring.make()
      const cache = await run(KeyutilsCache.make({ durable: durable.service }))
      const [first, second, third] = [freshKey(), freshKey(), freshKey()]
      await run(cache.createIfAbsent(name, first))
      await run(cache.replace(name, { expected: first, next: second }))
      const read = await run(cache.get(name))
      assert.equal(read._tag === "Some" ? hex(read.value) : undefined, hex(second))
      durable.inject({ step: "write", fault: "half" })
      const replaced = cache.replace(name, { expected: second, next: third })
      assert.equal(await reasonOf(replaced), "unavailable")
      const after = await run(cache.get(name))
      assert.equal(after._tag === "Some" ? hex(after.value) : undefined, hex(third))
      await run(cache.delete(name))
    })
  })
})
