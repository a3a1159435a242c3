/**
 * No Secret Service to talk to: no message bus, a bus without a provider, a provider without a
 * collection. No adapter may turn to another store then.
 *
 * @module
 */
import { NativeKeyring } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import assert from "node:assert/strict"
import { existsSync, readFileSync } from "node:fs"
import process from "node:process"
import { describe, it } from "node:test"
import { inspect } from "node:util"
import { allStores, textStores } from "./libraries.ts"
import { freshKey, inState, reasonOf, run, state } from "./secret_service.ts"

const name = { serviceId: "org.example.unreachable", keyId: "db" }
const change = { expected: freshKey(), next: freshKey() }

const withoutCollection = () => {
  describe("Secret Service without a collection", () => {
    it("native: nothing is there, and nothing can be created", async () => {
      const store = await run(NativeKeyring.make())
      assert.equal((await run(store.get(name)))._tag, "None")
      const made = await Effect.runPromise(Effect.result(store.createIfAbsent(name, freshKey())))
      assert.ok(Result.isFailure(made))
      assert.equal(made.failure.reason, "unavailable")
      assert.match(made.failure.advice, /default collection/)
      assert.equal(await reasonOf(store.replace(name, change)), "missing")
      assert.equal(await run(store.delete(name)), false)
      assert.deepEqual(await run(store.list(name.serviceId)), [])
    })

    for (const [backend, make] of textStores()) {
      it(`${backend}: null is not believed`, async () => {
        const store = await run(make)
        assert.equal(await reasonOf(store.get(name)), "unavailable")
        assert.equal(await reasonOf(store.createIfAbsent(name, freshKey())), "unavailable")
        assert.equal(await reasonOf(store.replace(name, change)), "unavailable")
        assert.equal(await reasonOf(store.delete(name)), "unavailable")
      })
    }
  })
}

inState(["no-provider", "no-bus", "no-collection"], () => {
  if (state === "no-collection") return withoutCollection()
  describe("unreachable Secret Service", () => {
    for (const [backend, make] of allStores()) {
      it(`${backend}: every call says so`, async () => {
        const store = await run(make)
        assert.equal(await reasonOf(store.get(name)), "unavailable")
        assert.equal(await reasonOf(store.createIfAbsent(name, freshKey())), "unavailable")
        assert.equal(await reasonOf(store.replace(name, change)), "unavailable")
        assert.equal(await reasonOf(store.delete(name)), "unavailable")
        assert.equal(await reasonOf(store.list(name.serviceId)), "unavailable")
      })

      it(`${backend}: the path in the library's text is not shown`, async () => {
        const store = await run(make)
        const result = await Effect.runPromise(Effect.result(store.get(name)))
        assert.ok(Result.isFailure(result))
        const bus = process.env["DBUS_SESSION_BUS_ADDRESS"]?.replace(/^unix:path=/, "") ?? "unset"
        const shown = inspect(result.failure, { depth: 9 })
        for (const leak of [bus, "org.freedesktop", "DBus"]) {
          assert.equal(shown.includes(leak), false)
        }
        assert.notEqual(Redacted.value(result.failure.cause ?? Redacted.make(undefined)), undefined)
      })
    }

    it("native: nothing went to the kernel's keys", () => {
      if (!existsSync("/proc/keys")) return
      assert.equal(readFileSync("/proc/keys", "utf8").includes(name.serviceId), false)
    })
  })
})
