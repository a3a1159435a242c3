/**
 * The key store contract: the life of one key, also among many callers at once.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import {
  type Check,
  freshKey,
  hide,
  type KeyStoreSubject,
  reasonOf,
  shown,
  stored,
} from "./key_store_contract_subject.ts"

/** Registers the tests of creating, reading, replacing and deleting. */
export const keyLifeContract = (subject: KeyStoreSubject, check: Check): void => {
  check("an absent key is none", (store, name) =>
    Effect.gen(function* () {
      assert.equal(yield* stored(store, name), undefined)
    }))

  check(
    "a created key is read back, by this handle and by another one",
    (store, name) =>
      Effect.gen(function* () {
        const key = freshKey()
        const created = yield* store.createIfAbsent(name, hide(key))
        assert.equal(created.created, true)
        assert.deepEqual(shown(created.key), key)
        assert.deepEqual(yield* stored(store, name), key)
        assert.deepEqual(yield* stored(yield* subject.open, name), key)
      }),
  )

  check(
    "the bytes that go in and come out belong to the caller",
    (store, name) =>
      Effect.gen(function* () {
        const key = freshKey()
        const given = key.slice()
        const created = yield* store.createIfAbsent(name, hide(given))
        assert.deepEqual(given, key)
        given.fill(0)
        Redacted.value(created.key).fill(0)
        const read = yield* store.get(name)
        assert.deepEqual(Option.map(read, shown), Option.some(key))
        Option.map(read, (bytes) => Redacted.value(bytes).fill(0))
        assert.deepEqual(yield* stored(store, name), key)
      }),
  )

  check(
    "an existing key is never replaced by creation",
    (store, name) =>
      Effect.gen(function* () {
        const first = freshKey()
        yield* store.createIfAbsent(name, hide(first))
        const second = yield* store.createIfAbsent(name, hide(freshKey()))
        assert.equal(second.created, false)
        assert.deepEqual(shown(second.key), first)
        assert.deepEqual(yield* stored(store, name), first)
      }),
  )

  check("replace needs the key that is there", (store, name) =>
    Effect.gen(function* () {
      const [first, second, other] = [freshKey(), freshKey(), freshKey()]
      const change = (expected: Uint8Array, next: Uint8Array) =>
        reasonOf(store.replace(name, { expected: hide(expected), next: hide(next) }))
      assert.equal(yield* change(first, second), "missing")
      assert.equal(yield* stored(store, name), undefined)
      yield* store.createIfAbsent(name, hide(first))
      assert.equal(yield* change(other, second), "conflict")
      assert.equal(yield* change(other.subarray(1), second), "conflict")
      assert.deepEqual(yield* stored(store, name), first)
      assert.equal(yield* change(first, second), "succeeded")
      assert.deepEqual(yield* stored(store, name), second)
      assert.equal(yield* change(first, other), "conflict")
      assert.deepEqual(yield* stored(store, name), second)
    }))

  check("delete tells whether there was a key, and a deleted name can be used again", (
    store,
    name,
  ) =>
    Effect.gen(function* () {
      assert.equal(yield* store.delete(name), false)
      yield* store.createIfAbsent(name, hide(freshKey()))
      assert.equal(yield* store.delete(name), true)
      assert.equal(yield* store.delete(name), false)
      assert.equal(yield* stored(store, name), undefined)
      const key = freshKey()
      assert.equal((yield* store.createIfAbsent(name, hide(key))).created, true)
      assert.deepEqual(yield* stored(store, name), key)
    }))

  check(
    "only 32 bytes that are not all zero are stored",
    (store, name) =>
      Effect.gen(function* () {
        const first = freshKey()
        for (
          const bad of [
            new Uint8Array(0),
            freshKey().subarray(1),
            new Uint8Array(33),
            new Uint8Array(32),
          ]
        ) {
          assert.equal(yield* reasonOf(store.createIfAbsent(name, hide(bad))), "invalid-key")
        }
        assert.equal(yield* stored(store, name), undefined)
        yield* store.createIfAbsent(name, hide(first))
        const change = { expected: hide(first), next: hide(new Uint8Array(32)) }
        assert.equal(yield* reasonOf(store.replace(name, change)), "invalid-key")
        assert.deepEqual(yield* stored(store, name), first)
      }),
  )

  check(
    "of many creations at once one wins and all get its key",
    (store, name) =>
      Effect.gen(function* () {
        const second = yield* subject.open
        const results = yield* Effect.all(
          Array.from(
            { length: 8 },
            (_, i) => (i % 2 === 0 ? store : second).createIfAbsent(name, hide(freshKey())),
          ),
          { concurrency: "unbounded" },
        )
        assert.equal(results.filter((result) => result.created).length, 1)
        const winner = yield* stored(store, name)
        for (const result of results) assert.deepEqual(shown(result.key), winner)
      }),
  )

  check("of many replacements of one key one wins", (store, name) =>
    Effect.gen(function* () {
      const first = freshKey()
      yield* store.createIfAbsent(name, hide(first))
      const next = Array.from({ length: 4 }, freshKey)
      const reasons = yield* Effect.all(
        next.map((key) =>
          reasonOf(store.replace(name, { expected: hide(first), next: hide(key) }))
        ),
        { concurrency: "unbounded" },
      )
      assert.deepEqual([...reasons].sort(), ["conflict", "conflict", "conflict", "succeeded"])
      assert.deepEqual(yield* stored(store, name), next[reasons.indexOf("succeeded")])
    }))
}
