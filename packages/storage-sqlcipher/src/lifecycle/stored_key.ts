/**
 * The key of a database out of its key store, for an operation on its file.
 *
 * @module
 */
import { type KeyName, KeyStore, type StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { failureOf, refusal } from "../driver/failure.ts"
import { databasePaths } from "../files/database_paths.ts"
import { readRecord } from "../open/creation_record.ts"
import { fileState } from "../open/file_state.ts"
import { isHeldHere } from "../open/instance_lock.ts"
import { openingStagedKey } from "../open/staged_key.ts"
import { attempt } from "./attempt.ts"

/** Which database, and the name of its key. */
export interface StoredKeyOptions extends KeyName {
  /** The database file. */
  readonly path: string
}

/**
 * Runs an operation with the stored key of a database, and zeroes it afterwards.
 *
 * When a rotation was interrupted it is the one of the two keys that the file has; the key store is
 * left as it is. Fails with `key-missing` when there is no such key, `key-store` when the store failed,
 * `backend-changed` when the record beside the database names another store.
 */
export const withStoredKey = <A, E, R>(
  options: StoredKeyOptions,
  use: (key: Redacted.Redacted<Uint8Array>) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E | StorageError, R | KeyStore> =>
  Effect.suspend(() => {
    const owned: Array<Uint8Array> = []
    return keyOf(options, owned).pipe(
      Effect.flatMap((key) => use(Redacted.make(key, { label: "key" }))),
      Effect.ensuring(Effect.sync(() => {
        for (const key of owned) key.fill(0)
      })),
    )
  })

const keyOf = Effect.fnUntraced(function* (
  { keyId, path, serviceId }: StoredKeyOptions,
  owned: Array<Uint8Array>,
) {
  const store = yield* KeyStore
  const name = { serviceId, keyId }
  const paths = databasePaths(path)
  const record = yield* attempt(() => readRecord(paths))
  if (record !== undefined && record.backend !== null && record.backend !== store.backend) {
    return yield* refusal("maintain", "backend-changed")
  }
  const stored = yield* store.get(name).pipe(
    Effect.mapError((error) => failureOf("maintain", error, "key-store")),
  )
  if (Option.isNone(stored)) return yield* refusal("maintain", "key-missing")
  const current = Redacted.value(stored.value)
  owned.push(current)
  const mayLook = yield* attempt(() => !isHeldHere(paths) && fileState(paths) === "other")
  if (!mayLook) return current
  const found = { paths, record }
  return (yield* openingStagedKey({ found, store, name, current }, owned)) ?? current
})
