/**
 * What the common part of all stores does when the library below it fails, lies or hangs.
 *
 * @module
 */
import type { KeyStoreError, KeyStoreErrorReason } from "@mdk/core/services"
import { MemoryKeyring } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { inspect } from "node:util"
import { makeCallQueue } from "../src/entry/call_queue.ts"
import type { EntryPort } from "../src/entry/entry_port.ts"
import { makeEntryStore } from "../src/entry/entry_store.ts"

const name = { serviceId: "org.example.faults", keyId: "db" }
const key = (fill: number) => new Uint8Array(32).fill(fill)
const hide = (fill: number) => Redacted.make(key(fill))

const reasonOf = async <A>(
  effect: Effect.Effect<A, KeyStoreError>,
): Promise<KeyStoreErrorReason | "succeeded"> => {
  const result = await Effect.runPromise(Effect.result(effect))
  return Result.isFailure(result) ? result.failure.reason : "succeeded"
}
const read = async (store: MemoryKeyring.MemoryKeyStore) =>
  Option.getOrUndefined(
    Option.map(await Effect.runPromise(store.service.get(name)), (k) => [...Redacted.value(k)]),
  )

describe("entry store over a failing library", () => {
  it("repeats a step once when the item vanished, and not twice", async () => {
    const store = MemoryKeyring.make()
    await Effect.runPromise(store.service.createIfAbsent(name, hide(1)))
    store.inject({ step: "read", fault: "vanished" })
    assert.deepEqual(await read(store), [...key(1)])
    store.inject({ step: "read", fault: "vanished", times: 2 })
    assert.equal(await reasonOf(store.service.get(name)), "unavailable")
  })

  it("passes every reason of a library on, for every call", async () => {
    const reasons: ReadonlyArray<KeyStoreErrorReason> = [
      "locked",
      "denied",
      "ambiguous",
      "unavailable",
      "timed-out",
      "read-only",
    ]
    for (const reason of reasons) {
      const store = MemoryKeyring.make()
      const { service } = store
      await Effect.runPromise(service.createIfAbsent(name, hide(1)))
      const change = { expected: hide(1), next: hide(2) }
      store.inject({ step: "read", fault: reason })
      assert.equal(await reasonOf(service.get(name)), reason)
      store.inject({ step: "read", fault: reason })
      assert.equal(await reasonOf(service.createIfAbsent(name, hide(2))), reason)
      store.inject({ step: "write", fault: reason })
      assert.equal(await reasonOf(service.replace(name, change)), reason)
      store.inject({ step: "remove", fault: reason })
      assert.equal(await reasonOf(service.delete(name)), reason)
      store.inject({ step: "list", fault: reason })
      assert.equal(await reasonOf(service.list(name.serviceId)), reason)
      assert.deepEqual(await read(store), [...key(1)])
    }
  })

  it("a closed store that answers null is found out, and no key is written over", async () => {
    for (const absence of ["certain", "may-be-closed"] as const) {
      const store = MemoryKeyring.make({ absence })
      const { service } = store
      await Effect.runPromise(service.createIfAbsent(name, hide(1)))
      store.close("answers-null")
      assert.equal(await reasonOf(service.createIfAbsent(name, hide(2))), "locked")
      if (absence === "may-be-closed") {
        const change = { expected: hide(1), next: hide(2) }
        assert.equal(await reasonOf(service.get(name)), "locked")
        assert.equal(await reasonOf(service.replace(name, change)), "locked")
        assert.equal(await reasonOf(service.delete(name)), "locked")
      }
      store.open()
      assert.deepEqual(await read(store), [...key(1)])
    }
  })

  it("a store that opens between the null and the write keeps its key", async () => {
    const store = MemoryKeyring.make({ absence: "certain" })
    await Effect.runPromise(store.service.createIfAbsent(name, hide(1)))
    store.inject({ step: "read", fault: "null" })
    const kept = await Effect.runPromise(store.service.createIfAbsent(name, hide(2)))
    assert.deepEqual([kept.created, [...Redacted.value(kept.key)]], [false, [...key(1)]])
  })

  it("a store that closes in the middle is locked, and what was there is there", async () => {
    for (const absence of ["certain", "may-be-closed"] as const) {
      // Every position of the step that meets the closed door.
      for (const step of ["read", "write", "remove"] as const) {
        for (let after = 0; after < 3; after++) {
          const store = MemoryKeyring.make({ absence })
          store.inject({ step, fault: "locked", after })
          const created = await reasonOf(store.service.createIfAbsent(name, hide(1)))
          store.clearFaults()
          if (created !== "succeeded") assert.equal(created, "locked")
          const found = await read(store)
          assert.ok(found === undefined || found.join() === key(1).join())
          if (created === "succeeded") assert.notEqual(found, undefined)
        }
      }
    }
  })

  it("a write that was lost is reported, never taken for a success", async () => {
    const store = MemoryKeyring.make()
    store.inject({ step: "write", fault: "lost", after: 1 })
    assert.equal(await reasonOf(store.service.createIfAbsent(name, hide(1))), "unavailable")
    await Effect.runPromise(store.service.createIfAbsent(name, hide(1)))
    store.inject({ step: "write", fault: "lost" })
    const change = { expected: hide(1), next: hide(2) }
    assert.equal(await reasonOf(store.service.replace(name, change)), "conflict")
    assert.deepEqual(await read(store), [...key(1)])
  })

  it("a write that failed half way can be repeated", async () => {
    const store = MemoryKeyring.make()
    store.inject({ step: "write", fault: "half", after: 1 })
    assert.equal(await reasonOf(store.service.createIfAbsent(name, hide(1))), "unavailable")
    const again = await Effect.runPromise(store.service.createIfAbsent(name, hide(2)))
    assert.deepEqual([again.created, [...Redacted.value(again.key)]], [false, [...key(1)]])
  })

  it("a library that hangs is given up", async () => {
    for (const step of ["read", "write"] as const) {
      const store = MemoryKeyring.make({ timeLimit: "20 millis" })
      store.inject({ step, fault: "hang" })
      assert.equal(await reasonOf(store.service.createIfAbsent(name, hide(1))), "timed-out")
    }
  })

  it("a write that was given up is waited for, so that it cannot overwrite a later one", async () => {
    let letGo = () => {}
    const gate = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const entries = new Map<string, Uint8Array>()
    let writes = 0
    const port: EntryPort = {
      backend: "test",
      scope: "slow",
      absence: "certain",
      queue: undefined,
      read: ({ keyId }) => Promise.resolve(entries.get(keyId)?.slice() ?? null),
      write: async ({ keyId }, entry) => {
        const copy = entry.slice()
        if (++writes === 2) await gate
        entries.set(keyId, copy)
      },
      remove: ({ keyId }) => Promise.resolve(entries.delete(keyId)),
      list: undefined,
      diagnose: () => ({ reason: "unavailable" }),
    }
    const slow = makeEntryStore(port, "20 millis")
    assert.equal(await reasonOf(slow.createIfAbsent(name, hide(1))), "timed-out")
    assert.equal(await reasonOf(slow.createIfAbsent(name, hide(2))), "timed-out")
    // Another key is not held up.
    assert.equal(await reasonOf(slow.get({ ...name, keyId: "other" })), "succeeded")
    const patient = Effect.runPromise(
      makeEntryStore(port).createIfAbsent(name, hide(3)),
    )
    letGo()
    const kept = await patient
    assert.deepEqual([kept.created, [...Redacted.value(kept.key)]], [false, [...key(1)]])
    assert.equal(await reasonOf(slow.list(name.serviceId)), "unavailable")
  })

  it("a call that was given up while it waited for its turn is never made", async () => {
    let letGo = () => {}
    const gate = new Promise<null>((resolve) => {
      letGo = () => resolve(null)
    })
    let reads = 0
    let writes = 0
    const port: EntryPort = {
      backend: "test",
      scope: "queued",
      absence: "certain",
      queue: makeCallQueue(),
      read: () => ++reads === 1 ? gate : Promise.resolve(null),
      write: () => {
        writes += 1
        return Promise.resolve()
      },
      remove: () => Promise.resolve(false),
      list: undefined,
      diagnose: () => ({ reason: "unavailable" }),
    }
    const store = makeEntryStore(port, "20 millis")
    assert.equal(await reasonOf(store.get(name)), "timed-out")
    const other = { ...name, keyId: "other" }
    assert.equal(await reasonOf(store.createIfAbsent(other, hide(1))), "timed-out")
    letGo()
    assert.equal((await Effect.runPromise(makeEntryStore(port).get(other)))._tag, "None")
    assert.deepEqual([reads, writes], [2, 0])
  })

  it("a key that arrives too late is zeroed", async () => {
    let answer: (entry: Uint8Array) => void = () => {}
    const port: EntryPort = {
      backend: "test",
      scope: "late",
      absence: "certain",
      queue: undefined,
      read: () =>
        new Promise((resolve) => {
          answer = resolve
        }),
      write: () => Promise.resolve(),
      remove: () => Promise.resolve(false),
      list: undefined,
      diagnose: () => ({ reason: "unavailable" }),
    }
    assert.equal(await reasonOf(makeEntryStore(port, "20 millis").get(name)), "timed-out")
    const late = key(7)
    answer(late)
    await new Promise((resolve) => setTimeout(resolve, 0))
    assert.deepEqual(late, key(0))
  })

  it("hides what the library says", async () => {
    const port: EntryPort = {
      backend: "test",
      scope: "talkative",
      absence: "certain",
      queue: undefined,
      read: () => {
        throw new Error("no such file: /home/canary/secret")
      },
      write: () => Promise.resolve(),
      remove: () => Promise.resolve(false),
      list: undefined,
      diagnose: () => ({ reason: "unavailable" }),
    }
    const result = await Effect.runPromise(Effect.result(makeEntryStore(port).get(name)))
    assert.ok(Result.isFailure(result))
    const error = result.failure
    const shown = [inspect(error, { depth: 9 }), JSON.stringify(error), String(error), error.stack]
    assert.equal(shown.some((one) => one?.includes("canary")), false)
    assert.equal(shown.some((one) => one?.includes(name.serviceId)), false)
    assert.match(String(Redacted.value(error.cause ?? Redacted.make(""))), /canary/)
  })
})
