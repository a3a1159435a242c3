/**
 * Moves a key from one store to another.
 *
 * @module
 */
import { equalBytes } from "@mdk/core/crypto"
import {
  KEY_LENGTH,
  type KeyName,
  type KeyStoreError,
  type KeyStoreService,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { type Diagnosis, failure } from "../entry/failure.ts"
import { randomLabel, randomSource } from "../entry/random_source.ts"
import { acquireKey, wipe } from "../entry/acquire_key.ts"

/** What {@link migrate} does with the source when the key is in its new home. */
export interface MigrateOptions {
  /** Leaves the key in the source, e.g. because the source cannot be written; default false. */
  readonly keepSource?: boolean
}

/** What {@link migrate} did. */
export interface Migration {
  /** False when the same key was in the new store already. */
  readonly copied: boolean
  /** False when the source keeps its key. */
  readonly deleted: boolean
}

const SAME_STORE: Diagnosis = {
  reason: "backend-changed",
  advice: "Both are the same store. The key is where it belongs; nothing was changed.",
}

const isSameKey = (
  key: Option.Option<Redacted.Redacted<Uint8Array>>,
  other: Redacted.Redacted<Uint8Array>,
): boolean => Option.isSome(key) && equalBytes(Redacted.value(key.value), Redacted.value(other))

/**
 * True when what is written to one store shows in the other. Two handles may be one store, and then
 * deleting the source would delete the only key.
 */
const areOneStore = (from: KeyStoreService, to: KeyStoreService, { serviceId }: KeyName) =>
  Effect.scoped(Effect.gen(function* () {
    const label = yield* randomLabel
    const probe = { serviceId, keyId: `mdk-migration.${label}` }
    const mark = Redacted.make((yield* randomSource).bytes(KEY_LENGTH))
    const { key } = yield* to.createIfAbsent(probe, mark)
    yield* wipe(key)
    const seen = yield* Effect.ensuring(
      acquireKey(from.get(probe)),
      Effect.ignore(to.delete(probe)),
    )
    return isSameKey(seen, mark)
  }))

/**
 * Copies a key, reads it back from the new store, and only then deletes it from the old one.
 *
 * Interrupted at any point it is finished by calling it again: the same key in both stores is no
 * conflict, and a key that is only in the new store is what `migrate` wanted.
 *
 * Fails with `missing` when neither store has the key, with `conflict` when the new store holds another
 * key (nothing is changed then), with `backend-changed` when both are the same store, with `read-only`
 * when the source cannot delete and `keepSource` is not set: the key is in both stores then.
 *
 * A database records the store of its key. For one that exists, call this with `keepSource`, let the
 * storage adapter write the new name (`adoptKeyStore` of `@mdk/storage-sqlcipher`), then call it again.
 */
export const migrate: (
  from: KeyStoreService,
  to: KeyStoreService,
  name: KeyName,
  options?: MigrateOptions,
) => Effect.Effect<Migration, KeyStoreError> = Effect.fn("KeyStore.migrate")(
  function* (from, to, name, options = {}) {
    return yield* Effect.scoped(Effect.gen(function* () {
      const source = yield* acquireKey(from.get(name))
      if (Option.isNone(source)) {
        const there = yield* acquireKey(to.get(name))
        if (Option.isNone(there)) return yield* failure("get", "missing")
        return { copied: false, deleted: false }
      }
      if (yield* areOneStore(from, to, name)) return yield* failure("create", SAME_STORE)
      const { created, key } = yield* to.createIfAbsent(name, source.value)
      const isSame = isSameKey(Option.some(key), source.value)
      yield* wipe(key)
      if (!isSame) return yield* failure("create", "conflict")
      const again = yield* acquireKey(to.get(name))
      if (!isSameKey(again, source.value)) return yield* failure("create", "unavailable")
      const deleted = options.keepSource === true ? false : yield* from.delete(name)
      return { copied: created, deleted }
    }))
  },
)
