/**
 * A Secret Service that is there but closed: locked, or started with another password than the
 * collection's, which it does not report. Nobody can answer its prompt.
 *
 * The script planted the item {service: mdk-probe, username: locked} before it was closed.
 *
 * @module
 */
import { NativeKeyring } from "@mdk/keyring-adapters"
import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { textStores } from "./libraries.ts"
import { freshKey, inState, reasonOf, run } from "./secret_service.ts"

const planted = { serviceId: "mdk-probe", keyId: "locked" }
const absent = { serviceId: "mdk-probe", keyId: "absent" }
const change = { expected: freshKey(), next: freshKey() }

inState(["locked", "wrong-password"], () => {
  describe("closed Secret Service", () => {
    it("native: an entry that exists is locked in every call", async () => {
      const store = await run(NativeKeyring.make())
      assert.equal(await reasonOf(store.get(planted)), "locked")
      assert.equal(await reasonOf(store.createIfAbsent(planted, freshKey())), "locked")
      assert.equal(await reasonOf(store.replace(planted, change)), "locked")
      assert.equal(await reasonOf(store.delete(planted)), "locked")
      assert.equal(await reasonOf(store.list(planted.serviceId)), "locked")
    })

    it("native: an absent entry is none, and cannot be created", async () => {
      const store = await run(NativeKeyring.make())
      assert.equal((await run(store.get(absent)))._tag, "None")
      assert.equal(await reasonOf(store.createIfAbsent(absent, freshKey())), "locked")
      assert.equal(await reasonOf(store.replace(absent, change)), "missing")
      assert.equal(await run(store.delete(absent)), false)
    })

    for (const [name, make] of textStores()) {
      it(`${name}: null is not believed`, async () => {
        const store = await run(make)
        assert.equal(await reasonOf(store.get(absent)), "locked")
        assert.equal(await reasonOf(store.createIfAbsent(absent, freshKey())), "locked")
        assert.equal(await reasonOf(store.replace(absent, change)), "locked")
        assert.equal(await reasonOf(store.delete(absent)), "locked")
        const listed = name === "bun-secrets" ? "unavailable" : "locked"
        assert.equal(await reasonOf(store.list(absent.serviceId)), listed)
      })
    }
  })
})
