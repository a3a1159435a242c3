/**
 * Saying in which key store the key of a database lives now.
 *
 * @module
 */
import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { loadDriver } from "../driver/load.ts"
import { inspectPrivateFile } from "../files/private_file.ts"
import { readRecord, writeRecord } from "../open/creation_record.ts"
import { attempt } from "./attempt.ts"
import { checkKey, exclusively, keyBytes } from "./exclusive.ts"
import type { KeyedOptions } from "./options.ts"

/** Which database, its key, and where that lives. */
export interface AdoptOptions extends Omit<KeyedOptions, "onProgress"> {
  /** The name of the key store (`KeyStore`, its `backend`) that holds the key now. */
  readonly backend: string
}

/**
 * Makes the record beside a database name another key store, after the key was copied there and before
 * it is deleted where it was. Opening by the old store fails with `backend-changed` from then on.
 *
 * Needs the pen. Fails with `account-in-use`, `busy`, and `wrong-key` when the key is not the
 * database's; harmless where there is no database or no record.
 */
export const adoptKeyStore: (options: AdoptOptions) => Effect.Effect<void, StorageError> = Effect
  .fn(
    "Storage.adoptKeyStore",
  )(function* (options) {
    const driver = yield* loadDriver(options.driver)
    const key = yield* keyBytes(options.key)
    yield* Effect.scoped(Effect.gen(function* () {
      const paths = yield* exclusively(driver, options.path)
      yield* attempt(() => {
        if (inspectPrivateFile(paths.main) === undefined) return
        checkKey(paths, key)
        const record = readRecord(paths)
        if (record !== undefined) writeRecord(paths, { ...record, backend: options.backend })
      })
    }))
  })
