/**
 * The adapter of the platform's store over a library that is told what to do. The real library is
 * tested against a real store in `tests/interop/secret-service`.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { inspect } from "node:util"
import { makeEntryStore } from "../src/entry/entry_store.ts"
import { diagnose } from "../src/native/diagnosis.ts"
import type { NapiLibrary } from "../src/native/napi_library.ts"
import { makeNapiPort } from "../src/native/napi_port.ts"
import { fillOf, hide, name, reasonOf } from "./support/outcome.ts"

/** A library over a map; `script` may throw before each step. */
const makeLibrary = (script: (step: string) => void = () => {}) => {
  const entries = new Map<string, Array<number>>()
  const seen = { constructed: 0, options: new Set<string>() }
  const library: NapiLibrary = {
    AsyncEntry: class {
      readonly #id: string
      constructor(service: string, user: string, options?: object) {
        script("constructor")
        seen.constructed += 1
        seen.options.add(JSON.stringify(options))
        this.#id = `${service}\0${user}`
      }
      getSecret() {
        script("get")
        return Promise.resolve(
          [...entries.get(this.#id) ?? []].length === 0 ? null : [...entries.get(this.#id) ?? []],
        )
      }
      setSecret(secret: Uint8Array) {
        script("set")
        entries.set(this.#id, [...secret])
        return Promise.resolve()
      }
      deleteCredential() {
        script("delete")
        return Promise.resolve(entries.delete(this.#id))
      }
    },
    findCredentialsAsync: (service) =>
      Promise.resolve(
        [...entries.keys()].filter((id) => id.startsWith(`${service}\0`))
          .map((id) => ({ account: id.slice(service.length + 1) })),
      ),
  }
  let scopes = 0
  const store = makeEntryStore(makeNapiPort(library, `test-${scopes++}`, "secret-service"))
  return { store, seen }
}
const failing = (text: string) => (step: string) => {
  if (step !== "delete") throw new Error(text)
}

describe("native keyring", () => {
  it("keeps an entry open, and pins the store on Linux", async () => {
    const { store, seen } = makeLibrary()
    await Effect.runPromise(store.createIfAbsent(name, hide(1)))
    for (let i = 0; i < 5; i++) assert.equal(await fillOf(store), 1)
    // One for the key, one for the probe.
    assert.equal(seen.constructed, 2)
    assert.deepEqual([...seen.options], ['{"linux":{"store":"secret-service"}}'])
  })

  it("does not keep more connections than it needs", async () => {
    const { store, seen } = makeLibrary()
    for (let i = 0; i < 40; i++) await fillOf(store, { ...name, keyId: `k${i}` })
    assert.equal(seen.constructed, 40)
    await fillOf(store, { ...name, keyId: "k39" })
    assert.equal(seen.constructed, 40)
    await fillOf(store, { ...name, keyId: "k0" })
    assert.equal(seen.constructed, 41)
  })

  it("opens an entry anew when its session died with the daemon", async () => {
    let dead = false
    const { store, seen } = makeLibrary((step) => {
      if (step === "constructor") dead = false
      else if (dead) throw new Error("Platform failure: DBus error: The session does not exist")
    })
    await Effect.runPromise(store.createIfAbsent(name, hide(1)))
    dead = true
    assert.equal(await fillOf(store), 1)
    assert.equal(seen.constructed, 3)
  })

  it("catches what the constructor throws, and hides its text", async () => {
    const { store } = makeLibrary(
      failing("Platform failure: DBus error: Failed to connect to socket /canary: No such file"),
    )
    const result = await Effect.runPromise(Effect.result(store.get(name)))
    assert.ok(Result.isFailure(result))
    const error = result.failure
    assert.equal(error.reason, "unavailable")
    assert.equal(inspect(error, { depth: 9 }).includes("canary"), false)
    assert.match(String(Redacted.value(error.cause ?? Redacted.make(""))), /canary/)
  })

  it("knows what each text means", () => {
    const reason = (text: string) => {
      const diagnosis = diagnose(new Error(text))
      return diagnosis === "transient" ? diagnosis : diagnosis.reason
    }
    const secretService = "Couldn't access platform storage: Secret Service: "
    const bus = "Platform failure: DBus error: "
    assert.equal(reason(`${secretService}unlock prompt was dismissed`), "locked")
    assert.equal(reason(`${secretService}no result found`), "unavailable")
    assert.equal(reason("zbus error: org.freedesktop.Secret.Error.IsLocked: Cannot get"), "locked")
    assert.equal(reason("Entry is matched by 2 credentials: [..]"), "ambiguous")
    assert.equal(reason(`${bus}Did not receive a reply. Possible causes`), "timed-out")
    assert.equal(reason(`${bus}No such interface "org.freedesktop.Secret.Item" on`), "transient")
    assert.equal(reason(`${bus}The session wrapping the secret does not exist`), "transient")
    assert.equal(reason(`${bus}The name org.freedesktop.secrets was not provided`), "unavailable")
    assert.equal(reason("Platform failure: User interaction is not allowed."), "locked")
    assert.equal(reason("Platform failure: User canceled the operation."), "denied")
    assert.equal(reason("something that nobody has seen yet"), "unavailable")
    assert.equal(reason(""), "unavailable")
  })

  it("reports what the library throws, in every call, and changes nothing", async () => {
    let broken = false
    const { store } = makeLibrary((step) => {
      if (broken && step !== "constructor") throw new Error("Entry is matched by 2 credentials: []")
    })
    await Effect.runPromise(store.createIfAbsent(name, hide(1)))
    broken = true
    assert.equal(await reasonOf(store.get(name)), "ambiguous")
    assert.equal(await reasonOf(store.createIfAbsent(name, hide(2))), "ambiguous")
    assert.equal(await reasonOf(store.delete(name)), "ambiguous")
    const change = { expected: hide(1), next: hide(2) }
    assert.equal(await reasonOf(store.replace(name, change)), "ambiguous")
    broken = false
    assert.equal(await fillOf(store), 1)
  })
})
