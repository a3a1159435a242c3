/**
 * The open algorithm: directory, lock, files, key, connection, schema, in this order.
 *
 * Nothing is read before the directory is known to be ours, nothing is changed before the lock is
 * held, no key is stored before a record of it is durable, and no key is made for a file with content.
 *
 * @module
 */
import type {
  EntropyService,
  StorageCondition,
  StorageError,
  StorageErrorReason,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { failureOf, reasonFor, refusal } from "../driver/failure.ts"
import { type Driver, type Encryption, type SqlConnection, sqliteCode } from "../driver/port.ts"
import { type DatabasePaths, databasePaths } from "../files/database_paths.ts"
import { removeIfThere } from "../files/durable_write.ts"
import { securePrivateDirectory } from "../files/private_directory.ts"
import { checkIdentity, inspectPrivateFile, tightenPrivateFile } from "../files/private_file.ts"
import { inTransaction, migrate, readMeta, writeMeta } from "../schema/migrations.ts"
import { destroyOriginal, hasOriginal, recoverFiles } from "../lifecycle/recover.ts"
import { attempt } from "./attempt.ts"
import { readRecord, writeRecord } from "./creation_record.ts"
import { type Found, hasForeignJournal, hasLog, judgeFile } from "./file_state.ts"
import { takeInstanceLock } from "./instance_lock.ts"
import { type KeyHandover, type KeySource, withKey } from "./key_handover.ts"
import { examinePages, PAGE_SIZE } from "./page_authentication.ts"

/** What to open. */
export interface OpenDatabaseOptions {
  /** The database's path. */
  readonly path: string
  /** Where its key comes from. */
  readonly source: KeySource
  /** The engine. */
  readonly driver: Driver
  /** Where new keys come from. */
  readonly entropy: EntropyService
}

/** An open, migrated database whose pen is held. */
export interface OpenedDatabase {
  readonly connection: SqlConnection
  readonly condition: StorageCondition
  readonly paths: DatabasePaths
  /** True when a write-ahead log with content lay beside it: it was not closed to the end. */
  readonly hadLog: boolean
}

/** Opens a database; its scope's end closes the connection and gives the pen back. */
export const openDatabase: (
  options: OpenDatabaseOptions,
) => Effect.Effect<OpenedDatabase, StorageError, Scope.Scope> = Effect.fnUntraced(
  function* (options: OpenDatabaseOptions) {
    const { driver, source } = options
    const paths = databasePaths(options.path)
    yield* attempt(() => securePrivateDirectory(paths.directory))
    yield* Effect.acquireRelease(
      attempt(() => {
        const lock = takeInstanceLock(driver, paths)
        if (lock === undefined) throw refusal("open", "account-in-use")
        return lock
      }),
      (lock) => Effect.sync(() => lock.release()),
    )
    const found = yield* attempt(() => look(driver, paths))
    return yield* withKey(
      { source, entropy: options.entropy, found },
      (key) =>
        Effect.gen(function* () {
          const connection = yield* Effect.acquireRelease(
            attempt(() => connect(driver, found, key)),
            (connection) => Effect.sync(() => connection.close()),
          )
          const condition = yield* attempt(() =>
            settle({ connection, found, key, entropy: options.entropy })
          )
          return { connection, condition, paths, hadLog: found.hasLog }
        }),
    )
  },
)

/** Judges the files under the lock. Changes nothing but modes, and left-overs of a crash. */
function look(driver: Driver, paths: DatabasePaths): Found {
  recoverFiles(paths)
  for (const path of [paths.main, paths.wal, paths.shm, paths.journal, paths.record]) {
    tightenPrivateFile(path)
  }
  removeIfThere(paths.nextRecord)
  const found = {
    paths,
    ...judgeFile(paths),
    hasLog: hasLog(paths),
    record: readRecord(paths),
  }
  if (hasForeignJournal(driver, paths)) throw refusal("open", "foreign-journal")
  return found
}

/** Opens the connection on the very file that was judged, or created since. */
function connect(driver: Driver, found: Found, key: KeyHandover): SqlConnection {
  const { paths } = found
  const { identity } = key
  if (identity === undefined) throw refusal("open", "io")
  // Getting the key may have taken long: a person was asked.
  checkIdentity(paths.main, identity)
  const doubted = key.encryption.kind === "sqlcipher" && found.file === "other" &&
    found.record !== undefined && found.record.check !== key.check
  if (doubted && key.encryption.kind === "sqlcipher") {
    // The record may be stale; the file itself knows better.
    if (!examinePages(paths.main, key.encryption.key).any) throw refusal("open", "wrong-key")
  }
  let connection: SqlConnection
  try {
    connection = driver.open({ path: paths.main, encryption: key.encryption })
  } catch (error) {
    throw failureOf("open", error, reasonOfFailedOpen(error, found, key))
  }
  try {
    checkIdentity(paths.main, identity)
    for (const path of [paths.wal, paths.shm]) tightenPrivateFile(path)
    // A migration was killed when its encrypted file was in place; that file is open now.
    if (key.encryption.kind === "sqlcipher" && hasOriginal(paths)) destroyOriginal(paths)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Tells apart what SQLite answers alike. */
function reasonOfFailedOpen(
  error: unknown,
  found: Found,
  key: KeyHandover,
): StorageErrorReason {
  const code = sqliteCode(error)
  if (!code.startsWith("SQLITE_NOTADB") && !code.startsWith("SQLITE_CORRUPT")) {
    return reasonFor(error)
  }
  const encryption: Encryption = key.encryption
  if (encryption.kind === "none") {
    return code.startsWith("SQLITE_NOTADB") ? "not-a-database" : "damaged"
  }
  const evidence = examinePages(found.paths.main, encryption.key)
  if (evidence.size < PAGE_SIZE || evidence.size % PAGE_SIZE !== 0) return "not-a-database"
  if (evidence.any) return "damaged"
  if (found.record === undefined) return "wrong-key-or-damaged"
  return found.record.check === key.check ? "damaged" : "wrong-key"
}

/** Migrates, counts the opening, recognizes copies, and makes the record say what is now true. */
function settle(
  { connection, entropy, found, key }: {
    readonly connection: SqlConnection
    readonly found: Found
    readonly key: KeyHandover
    readonly entropy: EntropyService
  },
): StorageCondition {
  const state = migrate(connection, entropy)
  if (state.kind === "foreign") throw refusal("open", "not-a-database")
  if (state.kind === "newer") throw refusal("open", "newer-schema")
  const { paths, record } = found
  const before = readMeta(connection, "generation") ?? 0
  const inode = String(inspectPrivateFile(paths.main)?.identity.inode ?? "")
  const isFirstOpening = before === 0 || record?.state === "creating"
  const isOurFile = record?.state === "ready" && record.copied !== true &&
    record.generation <= before && (record.inode === inode || record.next?.inode === inode)
  const restored = readMeta(connection, "restored") === 1 || (!isFirstOpening && !isOurFile)
  const generation = before + 1
  inTransaction(connection, () => {
    writeMeta(connection, "generation", generation)
    writeMeta(connection, "restored", restored ? 1 : 0)
  })
  writeRecord(paths, {
    state: "ready",
    backend: key.backend ?? record?.backend ?? null,
    check: key.check,
    generation,
    inode,
    copied: false,
    // The key of an encryption that was interrupted is in the store already: it is to be used again.
    ...(key.encryption.kind === "none" && record?.next !== undefined
      ? { next: { check: record.next.check, inode: "" } }
      : {}),
  })
  return { restored, generation }
}
