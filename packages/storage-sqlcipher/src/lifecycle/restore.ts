/**
 * Putting a backup back.
 *
 * @module
 */
import type { StorageError, StorageErrorReason } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { failureOf, refusal } from "../driver/failure.ts"
import { loadDriver } from "../driver/load.ts"
import type { Driver, SqlConnection } from "../driver/port.ts"
import { type DatabasePaths, databasePaths } from "../files/database_paths.ts"
import { inspectPrivateFile } from "../files/private_file.ts"
import { readRecord } from "../open/creation_record.ts"
import { fileState, hasLog } from "../open/file_state.ts"
import { examinePages } from "../open/page_authentication.ts"
import {
  inTransaction,
  MIGRATIONS,
  readMeta,
  schemaState,
  writeMeta,
} from "../schema/migrations.ts"
import { attempt } from "./attempt.ts"
import { settleClearLog } from "./clear_log.ts"
import {
  checkKey,
  emptyLog,
  entropyOrSystem,
  exclusively,
  keyBytes,
  openFile,
  withConnection,
} from "./exclusive.ts"
import { destroyNewFile, newFilePaths } from "./new_file.ts"
import type { KeyedOptions } from "./options.ts"
import { digestPages, recryptPages } from "./page_walk.ts"
import { copyDatabase } from "./private_copy.ts"
import { type OnProgress, reported, silent } from "./progress.ts"
import { destroyOriginal, hasOriginal } from "./recover.ts"
import { checkStructure } from "./structure.ts"
import { exchange } from "./swap.ts"

/** Which backup goes where. */
export interface RestoreOptions extends KeyedOptions {
  /** The backup. It is only read. */
  readonly from: string
  /** The backup's key when it is not the database's; 32 bytes, which stay the caller's. */
  readonly backupKey?: Redacted.Redacted<Uint8Array>
  /** Must be `true` when there is a database: all that it holds is lost. */
  readonly replaceExisting?: boolean
  /** The key store that holds the key, as the record beside the database names it. */
  readonly backend?: string
}

/** What {@link restoreDatabase} put back. */
export interface Restored {
  /** Bytes of the database. */
  readonly bytes: number
  /** True when another database was replaced. */
  readonly replaced: boolean
}

/**
 * Puts a backup in the place of a database, encrypted anew under the database's key.
 *
 * Every page of the backup is authenticated and its structure checked before anything is replaced; the
 * exchange is one rename. The restored database says `condition.restored` until that is acknowledged,
 * because what was sent after the backup must not be sent again from old ratchets. Killed at any moment
 * it leaves the old database or the restored one; only of an old database that the key does not open,
 * because it is damaged, the write-ahead log may be gone. An unencrypted database that is replaced is
 * overwritten before it is removed, as after an encryption.
 *
 * Needs the pen, and room for two copies of the backup beside the database. Fails with `conflict` when
 * there is a database and `replaceExisting` is not set, `account-in-use` beside a live instance, `busy`
 * beside a reader, `wrong-key-or-damaged` when the key does not open the backup (nothing beside it tells
 * which), `plaintext-file` when the backup is not encrypted, `not-a-database` when it is none of ours,
 * `newer-schema`, `damaged`, `full`.
 */
export const restoreDatabase: (options: RestoreOptions) => Effect.Effect<Restored, StorageError> =
  Effect.fn("Storage.restore")(function* (options) {
    const { onProgress = silent, path } = options
    const driver = yield* loadDriver(options.driver)
    const entropy = yield* entropyOrSystem
    const key = yield* keyBytes(options.key)
    const backupKey = yield* keyBytes(options.backupKey ?? options.key)
    return yield* Effect.scoped(Effect.gen(function* () {
      const paths = yield* exclusively(driver, path)
      const { next, restoring } = newFilePaths(paths)
      const isThere = (yield* attempt(() => inspectPrivateFile(paths.main)?.size ?? 0)) > 0
      if (isThere && options.replaceExisting !== true) return yield* refusal("maintain", "conflict")
      return yield* Effect.gen(function* () {
        const backup = databasePaths(restoring)
        yield* copyDatabase(options.from, backup)
        yield* attempt(() =>
          reported(onProgress, "settle", () => {
            checkBackupKey(backup, backupKey)
            if (hasLog(backup)) emptyLog(driver, backup, { kind: "sqlcipher", key: backupKey })
          })
        )
        yield* recryptPages(
          { path: backup.main, key: backupKey, step: "copy", onProgress },
          { path: next, key, entropy },
        )
        yield* withConnection(
          () => openFile(driver, next, { kind: "sqlcipher", key }),
          (connection) =>
            Effect.gen(function* () {
              yield* attempt(() =>
                reported(onProgress, "mark", () => mark(connection, readRecord(paths)?.generation))
              )
              yield* checkStructure(connection, "full", onProgress)
            }),
        )
        const { pages } = yield* digestPages({ path: next, key, step: "check-pages", onProgress })
        yield* attempt(() => {
          const isClear = settleOld(driver, paths, key)
          exchange({
            driver,
            paths,
            key,
            onProgress,
            newRecord: { generation: 0 },
            discardSidecars: true,
            keepOriginal: isClear,
            ...(options.backend === undefined ? {} : { backend: options.backend }),
          })
          // Also one that an earlier call left, when it was killed here.
          if (hasOriginal(paths)) destroyReplaced(paths, onProgress)
        })
        yield* attempt(() => onProgress({ step: "done", done: 1, total: 1 }))
        return { bytes: pages * 4096, replaced: isThere }
      }).pipe(Effect.ensuring(destroyNewFile(paths)))
    }))
  })

function checkBackupKey(backup: DatabasePaths, key: Uint8Array): void {
  const state = fileState(backup)
  if (state === "plaintext") throw refusal("maintain", "plaintext-file")
  if (state !== "other") throw refusal("maintain", "not-a-database")
  if (!examinePages(backup.main, key).any) throw refusal("maintain", "wrong-key-or-damaged")
}

/** Marks the new file, and counts it after every opening that the old one had. */
function mark(connection: SqlConnection, generation = 0): void {
  const state = schemaState(connection)
  if (state.kind !== "ours") throw refusal("maintain", "not-a-database")
  if (state.version > (MIGRATIONS.at(-1)?.version ?? 0)) throw refusal("maintain", "newer-schema")
  const own = readMeta(connection, "generation") ?? 0
  inTransaction(connection, () => {
    writeMeta(connection, "restored", 1)
    writeMeta(connection, "generation", Math.max(own, generation))
  })
  connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()
}

/** Why an old database cannot be settled, and is replaced all the same: that is what backups are for. */
const BEYOND_HELP: ReadonlyArray<StorageErrorReason> = [
  "wrong-key",
  "damaged",
  "wrong-key-or-damaged",
]

/**
 * Brings everything of the old database into its main file, so that it is whole by itself until the new
 * one stands in its place.
 *
 * @returns whether it is unencrypted, so that it must be destroyed when it is replaced
 */
function settleOld(driver: Driver, paths: DatabasePaths, key: Uint8Array): boolean {
  const state = fileState(paths)
  try {
    if (state === "plaintext") settleClearLog(driver, paths)
    if (state === "other") {
      checkKey(paths, key)
      emptyLog(driver, paths, { kind: "sqlcipher", key })
    }
  } catch (error) {
    const failure = failureOf("maintain", error)
    if (!BEYOND_HELP.includes(failure.reason)) throw failure
  }
  return state === "plaintext"
}

function destroyReplaced(paths: DatabasePaths, onProgress: OnProgress): void {
  onProgress({ step: "destroy", done: 0, total: 1 })
  destroyOriginal(paths, (done, total) => onProgress({ step: "destroy", done, total }))
}
