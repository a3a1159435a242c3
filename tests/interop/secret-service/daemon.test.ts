/**
 * A Secret Service whose daemon dies, hangs, is started anew, or is closed in the middle of things.
 *
 * Every test leaves a running, open daemon behind; the last one kills it.
 *
 * @module
 */
import type { KeyName, KeyStoreService } from "@mdk/core/services"
import { NativeKeyring } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { after, describe, it } from "node:test"
import {
  killDaemon,
  openCollection,
  PASSWORD,
  pause,
  restartDaemon,
  startDaemon,
  stopDaemon,
  whileStopped,
} from "./daemon.ts"
import { allStores, textStores } from "./libraries.ts"
import {
  freshKey,
  inState,
  lockCollection,
  reasonOf,
  run,
  secretToolLookup,
} from "./secret_service.ts"

let ids = 0
const freshName = (): KeyName => ({ serviceId: "org.example.daemon", keyId: `daemon.${ids++}` })
const hex = (key: Redacted.Redacted<Uint8Array>) => Buffer.from(Redacted.value(key)).toString("hex")
const stored = async (store: KeyStoreService, name: KeyName) =>
  Option.getOrUndefined(Option.map(await run(store.get(name)), hex))

/** Entries of keytar and Bun with their keys in hexadecimal, written before any daemon died. */
const planted: Array<readonly [KeyName, string]> = []

inState(["daemon"], () => {
  describe("Secret Service that is closed while it is used", () => {
    for (const [backend, make] of allStores()) {
      it(`${backend}: every call is locked, the key stays, and the handle goes on when it is opened`, async () => {
        const store = await run(make)
        const name = freshName()
        const key = freshKey()
        await run(store.createIfAbsent(name, key))
        lockCollection()
        const change = { expected: key, next: freshKey() }
        assert.equal(await reasonOf(store.get(name)), "locked")
        assert.equal(await reasonOf(store.createIfAbsent(name, freshKey())), "locked")
        assert.equal(await reasonOf(store.replace(name, change)), "locked")
        assert.equal(await reasonOf(store.delete(name)), "locked")
        assert.equal(await reasonOf(store.createIfAbsent(freshName(), freshKey())), "locked")
        await openCollection()
        assert.equal(await stored(store, name), hex(key))
      })

      it(`${backend}: of calls that are under way each succeeds or is locked`, async () => {
        const store = await run(make)
        const names = Array.from({ length: 12 }, freshName)
        const keys = names.map(freshKey)
        const calls = names.map((name, i) =>
          Effect.runPromise(Effect.result(store.createIfAbsent(name, keys[i] ?? freshKey())))
        )
        await pause(20)
        lockCollection()
        const results = await Promise.all(calls)
        await openCollection()
        for (const [i, name] of names.entries()) {
          const [result, key] = [results[i], hex(keys[i] ?? freshKey())]
          const found = await stored(store, name)
          if (result?._tag === "Success") assert.equal(found, key)
          else {
            assert.equal(result?.failure.reason, "locked")
            assert.ok(found === undefined || found === key)
          }
        }
      })
    }
  })

  describe("Secret Service that does not answer", () => {
    it("native: every call runs into a time limit, and the key stays", async () => {
      const store = await run(NativeKeyring.make())
      const name = freshName()
      const key = freshKey()
      await run(store.createIfAbsent(name, key))
      await whileStopped(async () => {
        // The entry is connected: the library's own limit. A new one: its constructor's.
        assert.equal(await reasonOf(store.get(name)), "timed-out")
        const fresh = await run(NativeKeyring.make())
        assert.equal(await reasonOf(fresh.get(name)), "timed-out")
      })
      assert.equal(await stored(store, name), hex(key))
    })

    for (const [backend, make] of textStores("700 millis")) {
      it(`${backend}: every call runs into our time limit, and the key stays`, async () => {
        const store = await run(make)
        const name = freshName()
        const key = freshKey()
        await run(store.createIfAbsent(name, key))
        await whileStopped(async () => {
          assert.equal(await reasonOf(store.get(name)), "timed-out")
        })
        assert.equal(await stored(store, name), hex(key))
      })
    }

    for (const [backend, make] of allStores()) {
      it(`${backend}: a creation that was cut off is found or repeated, never doubled`, async () => {
        const store = await run(make)
        const name = freshName()
        let created: Promise<unknown> = Promise.resolve()
        await whileStopped(async () => {
          created = Effect.runPromise(Effect.result(store.createIfAbsent(name, freshKey())))
          await pause(2500)
        })
        await created
        const again = await run(store.createIfAbsent(name, freshKey()))
        assert.equal(await stored(store, name), hex(again.key))
        assert.equal(await stored(await run(make), name), hex(again.key))
        assert.equal(await run(store.delete(name)), true)
        assert.equal(await run(store.delete(name)), false)
      })
    }
  })

  describe("Secret Service whose daemon dies", () => {
    after(() => killDaemon())

    // libsecret never gets over the loss of its daemon: these come first, and only once.
    for (const [backend, make] of textStores()) {
      it(`${backend}: every call is unavailable until the program starts anew, and the key stays`, async () => {
        const store = await run(make)
        const name = freshName()
        const key = freshKey()
        await run(store.createIfAbsent(name, key))
        assert.equal(await stored(store, name), hex(key))
        planted.push([name, hex(key)])
      })
    }

    for (const [backend, make] of textStores()) {
      it(`${backend}: says that the program has to start anew`, async () => {
        const store = await run(make)
        await killDaemon()
        assert.equal(await reasonOf(store.get(freshName())), "unavailable")
        assert.equal(await reasonOf(store.createIfAbsent(freshName(), freshKey())), "unavailable")
        await startDaemon(PASSWORD)
        const result = await Effect.runPromise(Effect.result(store.get(freshName())))
        assert.ok(Result.isFailure(result))
        assert.match(result.failure.advice, /Start this program anew/)
      })
    }

    it("keytar's and Bun's keys outlive the daemon", () => {
      for (const [{ serviceId, keyId }, key] of planted) {
        const entry = secretToolLookup(["service", serviceId, "account", keyId])
        const base64 = Buffer.from(key, "hex").toString("base64")
        assert.equal(new TextDecoder().decode(entry), `mdk-sqlite-key-v1:${base64}`)
      }
      assert.ok(planted.length > 0)
    })

    it("native: keys outlive the daemon, and the same handle goes on with the next one", async () => {
      const store = await run(NativeKeyring.make())
      const name = freshName()
      const key = freshKey()
      await run(store.createIfAbsent(name, key))
      await restartDaemon()
      assert.equal(await stored(store, name), hex(key))
      await restartDaemon()
      const next = freshKey()
      await run(store.replace(name, { expected: key, next }))
      assert.equal(await stored(store, name), hex(next))
      await restartDaemon()
      assert.equal(await run(store.delete(name)), true)
    })

    it("native: without a daemon every call is unavailable, and nothing is lost", async () => {
      const store = await run(NativeKeyring.make())
      const name = freshName()
      const key = freshKey()
      await run(store.createIfAbsent(name, key))
      await killDaemon()
      const change = { expected: key, next: freshKey() }
      assert.equal(await reasonOf(store.get(name)), "unavailable")
      assert.equal(await reasonOf(store.createIfAbsent(name, freshKey())), "unavailable")
      assert.equal(await reasonOf(store.replace(name, change)), "unavailable")
      assert.equal(await reasonOf(store.delete(name)), "unavailable")
      assert.equal(await reasonOf(store.list(name.serviceId)), "unavailable")
      await startDaemon(PASSWORD)
      assert.equal(await stored(store, name), hex(key))
    })

    it("native: a daemon that was started with a wrong password is closed", async () => {
      const store = await run(NativeKeyring.make())
      const name = freshName()
      const key = freshKey()
      await run(store.createIfAbsent(name, key))
      await restartDaemon("another-password")
      assert.equal(await reasonOf(store.get(name)), "locked")
      assert.equal(await reasonOf(store.createIfAbsent(name, freshKey())), "locked")
      await restartDaemon()
      assert.equal(await stored(store, name), hex(key))
    })

    it("native: a daemon that dies during a call is an error, and the key is as it was", async () => {
      const store = await run(NativeKeyring.make())
      const name = freshName()
      const key = freshKey()
      await run(store.createIfAbsent(name, key))
      stopDaemon()
      const change = { expected: key, next: freshKey() }
      const pending = reasonOf(store.replace(name, change))
      await pause(100)
      await killDaemon()
      assert.equal(await pending, "unavailable")
      await startDaemon(PASSWORD)
      assert.equal(await stored(store, name), hex(key))
    })
  })
})
