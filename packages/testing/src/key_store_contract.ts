/**
 * What every `KeyStore` has to do, as tests.
 *
 * Call {@link keyStoreContract} from a test file: it registers one group of `node:test` tests.
 *
 * @module
 */
import {
  KEY_LENGTH,
  type KeyName,
  type KeyStoreError,
  type KeyStoreErrorReason,
  type KeyStoreService,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { inspect } from "node:util"

/** A store under test. */
export interface KeyStoreSubject {
  /** Shown in the names of the tests. */
  readonly name: string
  /** Opens a handle. Several handles, one after the other or at once, see the same entries. */
  readonly open: Effect.Effect<KeyStoreService, KeyStoreError, Scope.Scope>
  /** A service id that nobody else uses while the tests run; the tests delete what they make. */
  readonly serviceId: string
  /** False when the store cannot list: then `list` must fail with `unavailable`. */
  readonly lists: boolean
  /** Puts raw bytes where an entry belongs; leave it out where entries are not raw. */
  readonly plant?: (name: KeyName, entry: Uint8Array) => Promise<void>
  /** Reads the raw bytes of an entry, undefined when there is none; goes with `plant`. */
  readonly peek?: (name: KeyName) => Promise<Uint8Array | undefined>
  /** False where `plant` cannot plant bytes that are not text; default true. */
  readonly plantsBinary?: boolean
}

const LEGACY = Uint8Array.from({ length: KEY_LENGTH }, (_, i) => i * 37 + (i === 0 ? 255 : 0))

/** A key that no other test uses. */
const freshKey = (): Uint8Array => globalThis.crypto.getRandomValues(new Uint8Array(KEY_LENGTH))
const hide = (key: Uint8Array) => Redacted.make(key)
const shown = (key: Redacted.Redacted<Uint8Array>) => Uint8Array.from(Redacted.value(key))

const reasonOf = <A>(
  effect: Effect.Effect<A, KeyStoreError>,
): Effect.Effect<KeyStoreErrorReason | "succeeded"> =>
  Effect.map(
    Effect.result(effect),
    (result) => Result.isFailure(result) ? result.failure.reason : "succeeded",
  )

/** Registers the tests for one store. */
export const keyStoreContract = (subject: KeyStoreSubject): void => {
  const { serviceId } = subject
  let names = 0

  /** Opens the store, gives the body a name of its own and deletes that name afterwards. */
  const check = (
    title: string,
    body: (
      store: KeyStoreService,
      name: KeyName,
    ) => Effect.Effect<void, KeyStoreError, Scope.Scope>,
  ): void => {
    it(title, () => {
      const name = { serviceId, keyId: `contract.${names++}` }
      return Effect.runPromise(Effect.scoped(
        Effect.flatMap(subject.open, (store) =>
          Effect.ensuring(
            body(store, name),
            Effect.ignore(store.delete(name)),
          )),
      ))
    })
  }

  const stored = (store: KeyStoreService, name: KeyName) =>
    Effect.map(store.get(name), (key) => Option.getOrUndefined(Option.map(key, shown)))

  describe(`key store contract: ${subject.name}`, () => {
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

    const { plant, peek } = subject
    if (plant === undefined || peek === undefined) return
    const put = (name: KeyName, entry: Uint8Array): Effect.Effect<void> =>
      Effect.promise(() => plant(name, entry))
    const raw = (name: KeyName): Effect.Effect<Uint8Array | undefined> =>
      Effect.promise(() => peek(name))

    check("the entry is the text of the Rust MDK", (store, name) =>
      Effect.gen(function* () {
        const key = new Uint8Array(KEY_LENGTH).fill(255)
        yield* store.createIfAbsent(name, hide(key))
        assert.equal(
          new TextDecoder().decode(yield* raw(name)),
          `mdk-sqlite-key-v1:${"/".repeat(42)}8=`,
        )
      }))

    if (subject.plantsBinary ?? true) {
      check(
        "thirty-two raw bytes are a key and stay as they are",
        (store, name) =>
          Effect.gen(function* () {
            yield* put(name, LEGACY)
            assert.deepEqual(yield* stored(store, name), LEGACY)
            const kept = yield* store.createIfAbsent(name, hide(freshKey()))
            assert.deepEqual([kept.created, shown(kept.key)], [false, LEGACY])
            assert.deepEqual(yield* raw(name), LEGACY)
          }),
      )
    }

    const good = `mdk-sqlite-key-v1:${"/".repeat(42)}8=`
    const broken: ReadonlyArray<string> = [
      "x",
      "hunter2hunter2hunter2hunter2hunter2",
      "mdk-sqlite-key-v1:",
      good.slice(0, -1),
      `${good}=`,
      good.replace("8=", "9="),
      good.replace("///", "/ /"),
      good.replace("v1", "v2"),
    ]
    check("an entry that is not a key is reported, never overwritten, and can be deleted", (
      store,
      name,
    ) =>
      Effect.gen(function* () {
        const key = hide(freshKey())
        for (const text of broken) {
          const entry = new TextEncoder().encode(text)
          yield* put(name, entry)
          assert.equal(yield* reasonOf(store.get(name)), "corrupt")
          assert.equal(yield* reasonOf(store.createIfAbsent(name, key)), "corrupt")
          const replaced = yield* reasonOf(store.replace(name, { expected: key, next: key }))
          assert.equal(replaced, "corrupt")
          assert.deepEqual(yield* raw(name), entry)
          assert.equal(yield* store.delete(name), true)
        }
      }))
  })
}
