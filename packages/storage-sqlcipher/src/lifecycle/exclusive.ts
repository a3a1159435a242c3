/**
 * Having a database file for oneself: the pen, no readers beside, an empty log.
 *
 * @module
 */
import {
  Entropy,
  type EntropyService,
  KEY_LENGTH,
  type StorageError,
  systemEntropy,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { failureOf, reasonFor, refusal } from "../driver/failure.ts"
import { type Driver, type Encryption, type SqlConnection, sqliteCode } from "../driver/port.ts"
import { type DatabasePaths, databasePaths } from "../files/database_paths.ts"
import { removeIfThere } from "../files/durable_write.ts"
import { securePrivateDirectory } from "../files/private_directory.ts"
import { inspectPrivateFile, tightenPrivateFile } from "../files/private_file.ts"
import { readRecord } from "../open/creation_record.ts"
import { fileState, hasForeignJournal, hasLog } from "../open/file_state.ts"
import { takeInstanceLock } from "../open/instance_lock.ts"
import { keyCheckOf } from "../open/key_check.ts"
import { examinePages } from "../open/page_authentication.ts"
import { attempt } from "./attempt.ts"
import { besideLock } from "./beside_lock.ts"
import { recoverFiles } from "./recover.ts"

/** The source of randomness of the caller, or the system's. */
export const entropyOrSystem: Effect.Effect<EntropyService> = Effect.map(
  Effect.serviceOption(Entropy),
  Option.getOrElse(() => systemEntropy),
)

/** The bytes of a key of 32; fails with `invalid` when it has another length. They stay the caller's. */
export const keyBytes = (
  key: Redacted.Redacted<Uint8Array>,
): Effect.Effect<Uint8Array, StorageError> => {
  const bytes = Redacted.value(key)
  return bytes.length === KEY_LENGTH
    ? Effect.succeed(bytes)
    : Effect.fail(refusal("maintain", "invalid"))
}

/**
 * Takes the pen and the file until the scope ends, and settles what an earlier crash left.
 *
 * Fails with `account-in-use` when a live instance has the pen, with `busy` when somebody reads beside,
 * with `foreign-journal` when an engine that is not this one left an unfinished transaction.
 */
export const exclusively: (
  driver: Driver,
  path: string,
) => Effect.Effect<DatabasePaths, StorageError, Scope.Scope> = Effect.fnUntraced(
  function* (driver: Driver, path: string) {
    const paths = databasePaths(path)
    yield* attempt(() => securePrivateDirectory(paths.directory))
    yield* Effect.acquireRelease(
      attempt(() => {
        const lock = takeInstanceLock(driver, paths)
        if (lock === undefined) throw refusal("maintain", "account-in-use")
        return lock
      }),
      (lock) => Effect.sync(() => lock.release()),
    )
    yield* besideLock(driver, paths, "exclusive")
    yield* attempt(() => {
      recoverFiles(paths)
      for (const file of [paths.main, paths.wal, paths.shm, paths.journal, paths.record]) {
        tightenPrivateFile(file)
      }
      removeIfThere(paths.nextRecord)
      if (hasForeignJournal(driver, paths)) {
        throw refusal("maintain", "foreign-journal")
      }
    })
    return paths
  },
)

/** Fails unless a key opens the file that stands there. Nobody of this process may have it open. */
export function checkKey(paths: DatabasePaths, key: Uint8Array): void {
  const state = fileState(paths)
  if (state === "plaintext") throw refusal("maintain", "plaintext-file")
  if (state !== "other") throw refusal("maintain", "not-a-database")
  if (examinePages(paths.main, key).any) return
  const record = readRecord(paths)
  if (record === undefined) throw refusal("maintain", "wrong-key-or-damaged")
  throw refusal("maintain", record.check === keyCheckOf(key) ? "damaged" : "wrong-key")
}

/** Opens a file; what it throws says `damaged` where the engine says that it is no database. */
export function openFile(
  driver: Driver,
  path: string,
  encryption: Encryption,
  mode: "read" | "write" = "write",
): SqlConnection {
  try {
    return driver.open({ path, encryption, mode })
  } catch (error) {
    throw failureOf("maintain", error, reasonOf(error))
  }
}

const reasonOf = (error: unknown) =>
  sqliteCode(error).startsWith("SQLITE_NOTADB") ? "damaged" : reasonFor(error)

/** Uses a connection and closes it. */
export const withConnection = <A, E, R>(
  open: () => SqlConnection,
  use: (connection: SqlConnection) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E | StorageError, R> =>
  Effect.acquireUseRelease(
    attempt(open),
    use,
    (connection) => Effect.sync(() => connection.close()),
  )

/** Brings everything into the main file and leaves no log. Throws, `busy` when somebody else is there. */
export function emptyLog(
  driver: Driver,
  paths: DatabasePaths,
  encryption: Encryption,
): void {
  const connection = openFile(driver, paths.main, encryption)
  try {
    const answer = connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()
    if (answer?.["busy"] !== 0) throw refusal("maintain", "busy")
  } finally {
    connection.close()
  }
  // The last connection removes the log. Somebody else is there when it stays.
  if (hasLog(paths)) throw refusal("maintain", "busy")
  if (inspectPrivateFile(paths.wal) !== undefined) {
    removeIfThere(paths.wal)
    removeIfThere(paths.shm)
  }
}
