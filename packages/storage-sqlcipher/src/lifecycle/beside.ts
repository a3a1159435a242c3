/**
 * Reading a database beside its live instance, by a second connection.
 *
 * @module
 */
import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { refusal } from "../driver/failure.ts"
import type { Driver, Encryption, SqlConnection } from "../driver/port.ts"
import { type DatabasePaths, databasePaths } from "../files/database_paths.ts"
import { checkIdentity, inspectPrivateFile } from "../files/private_file.ts"
import { hasForeignJournal } from "../open/file_state.ts"
import { isHeldHere } from "../open/instance_lock.ts"
import { attempt } from "./attempt.ts"
import { besideLock } from "./beside_lock.ts"
import { checkKey, openFile } from "./exclusive.ts"

/** A database to be read beside whoever writes it. */
export interface Beside {
  readonly paths: DatabasePaths
  /** True when this process itself has it open: its files must not be opened but by the engine. */
  readonly isOpenHere: boolean
}

/**
 * Keeps the file from being exchanged until the scope ends, and checks the key.
 *
 * Fails with `busy` while somebody exchanges the file, `not-a-database` when there is none,
 * `wrong-key`, `plaintext-file`, `foreign-journal`.
 *
 * @param key undefined for a file that is not encrypted
 */
export const beside: (
  driver: Driver,
  path: string,
  key: Uint8Array | undefined,
) => Effect.Effect<Beside, StorageError, Scope.Scope> = Effect.fnUntraced(
  function* (driver: Driver, path: string, key: Uint8Array | undefined) {
    const paths = databasePaths(path)
    if ((yield* attempt(() => inspectPrivateFile(paths.main))) === undefined) {
      return yield* refusal("maintain", "not-a-database")
    }
    yield* besideLock(driver, paths, "shared")
    const isOpenHere = yield* attempt(() => isHeldHere(paths))
    yield* attempt(() => {
      // The engine refuses links, too, but calls that an I/O error.
      for (const sidecar of [paths.wal, paths.shm]) inspectPrivateFile(sidecar)
      if (isOpenHere) return
      if (hasForeignJournal(driver, paths)) {
        throw refusal("maintain", "foreign-journal")
      }
      if (key !== undefined) checkKey(paths, key)
    })
    return { paths, isOpenHere }
  },
)

/** Opens the second connection; it ends with the scope. */
export const besideConnection = (
  driver: Driver,
  { paths }: Beside,
  encryption: Encryption,
  mode: "read" | "write" = "read",
): Effect.Effect<SqlConnection, StorageError, Scope.Scope> =>
  Effect.acquireRelease(
    attempt(() => {
      const identity = inspectPrivateFile(paths.main)?.identity
      if (identity === undefined) throw refusal("maintain", "not-a-database")
      const connection = openFile(driver, paths.main, encryption, mode)
      try {
        checkIdentity(paths.main, identity)
        return connection
      } catch (error) {
        connection.close()
        throw error
      }
    }),
    (connection) => Effect.sync(() => connection.close()),
  )
