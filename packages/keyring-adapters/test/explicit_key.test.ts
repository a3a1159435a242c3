/**
 * The key that the caller brings along.
 *
 * @module
 */
import { KeyStore } from "@mdk/core/services"
import { ExplicitKey } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import process from "node:process"
import { describe, it } from "node:test"
import { inspect } from "node:util"
import { hide, key, name, reasonOf } from "./support/outcome.ts"

const TEXT = `mdk-sqlite-key-v1:${"/".repeat(42)}8=`
const other = { ...name, keyId: "other" }

describe("explicit key", () => {
  it("answers its key under its name, as copies, and nothing else", async () => {
    await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const given = key(5)
      const store = yield* ExplicitKey.make({ name, key: Redacted.make(given) })
      given.fill(0)
      const first = Option.getOrThrow(yield* store.get(name))
      assert.deepEqual(Redacted.value(first), key(5))
      Redacted.value(first).fill(0)
      assert.deepEqual(Redacted.value(Option.getOrThrow(yield* store.get(name))), key(5))
      assert.equal(Option.isNone(yield* store.get(other)), true)
      const made = yield* store.createIfAbsent(name, hide(6))
      assert.deepEqual([made.created, Redacted.value(made.key)], [false, key(5)])
      assert.deepEqual(yield* store.list(name.serviceId), [name.keyId])
      assert.deepEqual(yield* store.list("elsewhere"), [])
      assert.equal(yield* store.delete(other), false)
    })))
  })

  it("cannot be written", async () => {
    const withStore = <A>(
      body: (store: Effect.Success<ReturnType<typeof ExplicitKey.make>>) => Effect.Effect<
        A,
        Effect.Error<ReturnType<typeof ExplicitKey.make>>
      >,
    ) => reasonOf(Effect.scoped(Effect.flatMap(ExplicitKey.make({ name, key: hide(5) }), body)))
    const change = { expected: hide(5), next: hide(6) }
    assert.equal(await withStore((store) => store.replace(name, change)), "read-only")
    assert.equal(await withStore((store) => store.delete(name)), "read-only")
    assert.equal(await withStore((store) => store.createIfAbsent(other, hide(6))), "read-only")
    assert.equal(await withStore((store) => store.get({ ...name, keyId: "" })), "invalid-name")
  })

  it("takes an exported key's text, and no other text", async () => {
    const made = (given: Uint8Array | string) =>
      reasonOf(Effect.scoped(ExplicitKey.make({ name, key: Redacted.make(given) })))
    assert.equal(await made(TEXT), "succeeded")
    assert.equal(await made(`${TEXT}\n`), "succeeded")
    const refused = ["correct horse", "x".repeat(32), "", key(1).slice(1), key(0), TEXT.slice(1)]
    for (const bad of refused) assert.equal(await made(bad), "invalid-key")
  })

  it("from the environment: read once, removed, warned of, never logged", async () => {
    const lines: Array<string> = []
    const recorder = Logger.layer([
      Logger.make((options) => {
        lines.push(inspect(options, { depth: 6 }))
      }),
    ])
    const layer = ExplicitKey.layerFromEnvironment({ variable: "MDK_TEST_KEY", name })
    const program = Effect.gen(function* () {
      const store = yield* KeyStore
      return Redacted.value(Option.getOrThrow(yield* store.get(name)))[0]
    }).pipe(Effect.provide(layer), Effect.provide(recorder))
    assert.equal(await reasonOf(program), "missing")
    process.env["MDK_TEST_KEY"] = TEXT
    assert.equal(await Effect.runPromise(program), 255)
    assert.equal(process.env["MDK_TEST_KEY"], undefined)
    assert.equal(lines.length, 1)
    assert.equal(lines.join().includes("//////"), false)
  })
})
