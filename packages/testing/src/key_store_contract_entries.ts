/**
 * The key store contract: the bytes of an entry, where they can be planted and looked at.
 *
 * @module
 */
import { KEY_LENGTH, type KeyName } from "@mdk/core/services"
import * as Effect from "effect/Effect"
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

const LEGACY = Uint8Array.from({ length: KEY_LENGTH }, (_, i) => i * 37 + (i === 0 ? 255 : 0))

/** Registers the tests of entries; none where entries are not raw. */
export const keyEntryContract = (subject: KeyStoreSubject, check: Check): void => {
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
}
