/**
 * The key store contract: names, which are told apart, bounded, listed and never printed.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import assert from "node:assert/strict"
import { inspect } from "node:util"
import {
  type Check,
  freshKey,
  hide,
  type KeyStoreSubject,
  reasonOf,
  stored,
} from "./key_store_contract_subject.ts"

/** Registers the tests of names. */
export const keyNameContract = (subject: KeyStoreSubject, check: Check): void => {
  const { serviceId } = subject

  check(
    "list answers the key ids of one service, sorted, once each",
    (store, name) =>
      Effect.gen(function* () {
        const other = { serviceId: `${serviceId}.list`, keyId: name.keyId }
        const ids = ["b", "a", "c"].map((end) => `${name.keyId}.${end}`)
        if (!subject.lists) {
          assert.equal(yield* reasonOf(store.list(serviceId)), "unavailable")
          return
        }
        assert.deepEqual(yield* store.list(other.serviceId), [])
        for (const keyId of ids) {
          const first = freshKey()
          yield* store.createIfAbsent({ ...other, keyId }, hide(first))
          yield* store.replace({ ...other, keyId }, {
            expected: hide(first),
            next: hide(freshKey()),
          })
        }
        yield* store.createIfAbsent(name, hide(freshKey()))
        const listed = yield* store.list(other.serviceId)
        for (const keyId of ids) yield* store.delete({ ...other, keyId })
        assert.deepEqual(listed, [...ids].sort())
        assert.deepEqual(yield* store.list(other.serviceId), [])
        assert.deepEqual((yield* store.list(serviceId)).includes(name.keyId), true)
      }),
  )

  check("ids are told apart whatever is in them", (store, name) =>
    Effect.gen(function* () {
      const base = name.keyId
      const keyIds = [
        `${base}.ключ-鍵-🔑`,
        `${base} with spaces`,
        `${base}/../x`,
        `${base}"'\\$(x)%`,
        base.padEnd(255, "x"),
        // Composed and decomposed: two names, no store may fold them.
        `${base}é`,
        `${base}e\u0301`,
      ]
      const keys = new Map<string, Uint8Array>()
      for (const keyId of keyIds) {
        const key = freshKey()
        keys.set(keyId, key)
        assert.equal(
          (yield* store.createIfAbsent({ serviceId, keyId }, hide(key))).created,
          true,
        )
      }
      for (const [keyId, key] of keys) {
        assert.deepEqual(yield* stored(store, { serviceId, keyId }), key)
        assert.equal(yield* store.delete({ serviceId, keyId }), true)
      }
    }))

  check(
    "names outside the alphabet are refused by every call",
    (store, name) =>
      Effect.gen(function* () {
        const bad = [
          "",
          "a\0b",
          "a\nb",
          "a\u0085b",
          "a@b",
          "x".repeat(256),
          "é".repeat(128),
          "\ud800",
        ]
        const key = hide(freshKey())
        for (const id of bad) {
          assert.equal(yield* reasonOf(store.list(id)), "invalid-name")
          for (const wrong of [{ serviceId, keyId: id }, { serviceId: id, keyId: name.keyId }]) {
            assert.equal(yield* reasonOf(store.get(wrong)), "invalid-name")
            assert.equal(yield* reasonOf(store.createIfAbsent(wrong, key)), "invalid-name")
            assert.equal(yield* reasonOf(store.delete(wrong)), "invalid-name")
            assert.equal(
              yield* reasonOf(store.replace(wrong, { expected: key, next: key })),
              "invalid-name",
            )
          }
        }
      }),
  )

  check(
    "nothing that is answered or thrown prints a key or a name",
    (store, name) =>
      Effect.gen(function* () {
        const key = freshKey()
        const created = yield* store.createIfAbsent(name, hide(key))
        const found = yield* store.get(name)
        const refused = yield* Effect.result(
          store.replace(name, { expected: hide(freshKey()), next: hide(key) }),
        )
        assert.ok(Result.isFailure(refused))
        const error = refused.failure
        const text = [created, found, error].map((value) =>
          `${inspect(value, { depth: 10 })} ${JSON.stringify(value)} ${String(value)}`
        ).join("\n")
        const hexadecimal = Array.from(key, (byte) => byte.toString(16).padStart(2, "0")).join("")
        for (
          const secret of [hexadecimal, key.slice(0, 4).join(", "), key.slice(0, 4).join(",")]
        ) {
          assert.equal(text.includes(secret), false)
        }
        assert.equal(text.includes(name.keyId), false)
        assert.equal(text.includes(serviceId), false)
        assert.match(error.message, /^key store: replace failed: conflict\. ./)
      }),
  )
}
