/**
 * Making an encrypted database of an unencrypted one.
 *
 * @module
 */
import {
  KEY_LENGTH,
  type KeyName,
  KeyStore,
  type KeyStoreService,
  type StorageError,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { closeSync } from "node:fs"
import { failureOf, refusal } from "../driver/failure.ts"
import { loadDriver } from "../driver/load.ts"
import type { Driver } from "../driver/port.ts"
import type { DatabasePaths } from "../files/database_paths.ts"
import { createPrivateFile, inspectPrivateFile } from "../files/private_file.ts"
import { readRecord, writeRecord } from "../open/creation_record.ts"
import { fileState } from "../open/file_state.ts"
import { keyCheckOf } from "../open/key_check.ts"
import type { ExistingKeyPolicy } from "../open/key_decision.ts"
import { examinePages } from "../open/page_authentication.ts"
import { attempt } from "./attempt.ts"
import { keepClearLog } from "./clear_log.ts"
import { type ContentDigest, digestContent, isSameContent } from "./content_digest.ts"
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
import type { KeyedOptions, LifecycleOptions } from "./options.ts"
import { digestPages } from "./page_walk.ts"
import { type OnProgress, reported, silent } from "./progress.ts"
import { destroyOriginal } from "./recover.ts"
import { checkStructure } from "./structure.ts"
import { exchange, inodeOf, synchronizeFile } from "./swap.ts"

/** What {@link encryptDatabase} and {@link encryptDatabaseWithKey} did. */
export interface Encrypted {
  /** True when the file was encrypted already: an earlier call was interrupted near its end. */
  readonly alreadyDone: boolean
  /** Tables that were copied and compared; 0 when that was done already. */
  readonly tables: number
  /** Rows that were copied and compared. */
  readonly rows: number
}

/** Which file, and where its key is to live. */
export interface EncryptOptions extends LifecycleOptions {
  /** The application, as its keys are named in the key store. */
  readonly serviceId: string
  /** The key. */
  readonly keyId: string
  /** What to do when there is such a key already; default `error`. `rotate` is not possible here. */
  readonly onExistingKey?: Exclude<ExistingKeyPolicy, "rotate">
}

/**
 * Encrypts an unencrypted database under a new key, which is stored before anything is encrypted.
 *
 * Everything is copied, virtual tables included; pages are authenticated, contents compared by counts
 * and digests, and the copy takes the place of the original by one rename. Only after it was opened
 * there is the original overwritten and removed, its write-ahead log too. What a file system or a flash
 * disk keeps of overwritten blocks is out of reach. Killed at any moment it leaves the unencrypted or
 * the encrypted database, whole; repeating it, or opening the database, finishes it.
 *
 * Needs the pen, room for a second copy on the disk, and memory for the content. Fails with
 * `account-in-use` beside a live instance, `busy` beside a reader, `key-exists` when there is such a
 * key and the policy forbids it, `key-store` when the store failed, `not-a-database` when there is no
 * database, `wrong-key` when it is encrypted under another key, `key-missing` when it is encrypted and
 * the store has no key, `damaged` when it is broken.
 */
export const encryptDatabase: (
  options: EncryptOptions,
) => Effect.Effect<Encrypted, StorageError, KeyStore> = Effect.fn("Storage.encrypt")(
  function* (options) {
    const store = yield* KeyStore
    const driver = yield* loadDriver(options.driver)
    return yield* Effect.scoped(Effect.gen(function* () {
      const paths = yield* exclusively(driver, options.path)
      const name = { serviceId: options.serviceId, keyId: options.keyId }
      const key = yield* Effect.acquireRelease(
        keyFromStore(store, name, paths, options.onExistingKey ?? "error"),
        (bytes) => Effect.sync(() => bytes.fill(0)),
      )
      return yield* encryptUnder({ driver, paths, key, backend: store.backend, options })
    }))
  },
)

/**
 * As {@link encryptDatabase}, with a key that the application brings and keeps itself.
 *
 * Fails with `invalid` when it is not 32 bytes long.
 */
export const encryptDatabaseWithKey: (
  options: KeyedOptions,
) => Effect.Effect<Encrypted, StorageError> = Effect.fn("Storage.encrypt")(function* (options) {
  const driver = yield* loadDriver(options.driver)
  const key = yield* keyBytes(options.key)
  return yield* Effect.scoped(Effect.gen(function* () {
    const paths = yield* exclusively(driver, options.path)
    return yield* encryptUnder({ driver, paths, key, options })
  }))
})

/** A new key, stored; or the one that an interrupted call stored. The bytes are the caller's. */
const keyFromStore = Effect.fnUntraced(function* (
  store: KeyStoreService,
  name: KeyName,
  paths: DatabasePaths,
  policy: "error" | "reuse",
) {
  const entropy = yield* entropyOrSystem
  const failed = Effect.mapError((error: unknown) => failureOf("maintain", error, "key-store"))
  const stored = yield* failed(store.get(name))
  const record = yield* attempt(() => readRecord(paths))
  if (Option.isSome(stored)) {
    const key = Redacted.value(stored.value)
    const check = keyCheckOf(key)
    const isOurs = record?.next?.check === check || record?.check === check ||
      (yield* attempt(() => fileState(paths) === "other" && examinePages(paths.main, key).any))
    if (isOurs || policy === "reuse") return key
    key.fill(0)
    return yield* refusal("maintain", "key-exists")
  }
  const state = yield* attempt(() => fileState(paths))
  if (state === "other") return yield* refusal("maintain", "key-missing")
  if (state !== "plaintext") return yield* refusal("maintain", "not-a-database")
  const fresh = entropy.bytes(KEY_LENGTH)
  yield* attempt(() =>
    writeRecord(paths, {
      ...(record ?? {
        state: "ready",
        backend: null,
        check: "0".repeat(16),
        // Without a record nobody knows whether it is a copy: it will count as one.
        generation: Number.MAX_SAFE_INTEGER,
        inode: inodeOf(paths.main),
      }),
      next: { check: keyCheckOf(fresh), inode: "" },
    })
  )
  const { created, key } = yield* failed(
    store.createIfAbsent(name, Redacted.make(fresh, { label: "key" })),
  ).pipe(Effect.ensuring(Effect.sync(() => fresh.fill(0))))
  // The store had hidden a key: it was closed.
  if (!created && policy === "error") return yield* refusal("maintain", "key-exists")
  return Redacted.value(key)
}) as (
  store: KeyStoreService,
  name: KeyName,
  paths: DatabasePaths,
  policy: "error" | "reuse",
) => Effect.Effect<Uint8Array, StorageError>

interface Job {
  readonly driver: Driver
  readonly paths: DatabasePaths
  readonly key: Uint8Array
  readonly backend?: string
  readonly options: LifecycleOptions
}

const encryptUnder = Effect.fnUntraced(function* (job: Job) {
  const { driver, key, options, paths } = job
  const { onProgress = silent } = options
  // Both engines write the same format; only the default one encrypts a whole file at once.
  const engine = driver.encryptInPlace === undefined ? yield* loadDriver() : driver
  const state = yield* attempt(() => fileState(paths))
  if (state === "other") return yield* finish(job, onProgress)
  if (state !== "plaintext") return yield* refusal("maintain", "not-a-database")
  return yield* Effect.gen(function* () {
    const { next } = newFilePaths(paths)
    const before = yield* copyAll(driver, paths, onProgress)
    yield* attempt(() =>
      reported(onProgress, "encrypt", () => {
        engine.encryptInPlace?.(next, key)
        synchronizeFile(next)
      })
    )
    yield* digestPages({ path: next, key, step: "check-pages", onProgress })
    const after = yield* withConnection(
      () => openFile(driver, next, { kind: "sqlcipher", key }, "read"),
      (connection) =>
        Effect.andThen(
          checkStructure(connection, "full", onProgress),
          digestContent(connection, onProgress),
        ),
    )
    if (!isSameContent(before, after)) return yield* refusal("maintain", "io")
    yield* attempt(() => {
      exchange({
        driver,
        paths,
        key,
        keepOriginal: true,
        onProgress,
        ...(job.backend === undefined ? {} : { backend: job.backend }),
      })
      destroy(paths, onProgress)
    })
    return {
      alreadyDone: false,
      tables: after.tables.length,
      rows: after.tables.reduce((sum, { rows }) => sum + rows, 0),
    }
  }).pipe(Effect.ensuring(destroyNewFile(paths)))
})

/** The encrypted file is in place: opens it, then destroys what it replaced. */
const finish = ({ backend, driver, key, paths }: Job, onProgress: OnProgress) =>
  attempt((): Encrypted => {
    checkKey(paths, key)
    emptyLog(driver, paths, { kind: "sqlcipher", key })
    const record = readRecord(paths)
    if (record?.next !== undefined) {
      const { generation, inode, next, state } = record
      writeRecord(paths, {
        state,
        generation,
        backend: backend ?? record.backend,
        check: keyCheckOf(key),
        inode: next.inode === "" ? inode : next.inode,
      })
    }
    destroy(paths, onProgress)
    return { alreadyDone: true, tables: 0, rows: 0 }
  })

function destroy(paths: DatabasePaths, onProgress: OnProgress): void {
  onProgress({ step: "destroy", done: 0, total: 1 })
  destroyOriginal(paths, (done, total) => onProgress({ step: "destroy", done, total }))
  onProgress({ step: "done", done: 1, total: 1 })
}

/**
 * Brings everything into the main file, reads it and copies it. The log keeps a second name until its
 * content is destroyed: SQLite would only remove it.
 *
 * The copy is made without free pages: encrypting it can only make it longer, so that every block that
 * held a page in clear is written over.
 */
const copyAll = Effect.fnUntraced(
  function* (driver: Driver, paths: DatabasePaths, onProgress: OnProgress) {
    const content = yield* withConnection(
      () => openFile(driver, paths.main, { kind: "none" }),
      (connection) =>
        Effect.gen(function* () {
          yield* attempt(() =>
            reported(onProgress, "settle", () => {
              const answer = connection.prepare("PRAGMA wal_checkpoint(FULL)").get()
              if (answer?.["busy"] !== 0) throw refusal("maintain", "busy")
            })
          )
          yield* checkStructure(connection, "full", onProgress)
          const digest = yield* digestContent(connection, onProgress)
          yield* attempt(() => {
            const { next } = newFilePaths(paths)
            keepClearLog(paths)
            reported(onProgress, "copy", () => {
              const descriptor = createPrivateFile(next)
              if (descriptor === undefined) throw refusal("maintain", "unsafe-file")
              closeSync(descriptor)
              connection.prepare("VACUUM INTO ?").run(next)
            })
          })
          return digest
        }),
    )
    if (yield* attempt(() => inspectPrivateFile(paths.wal) !== undefined)) {
      return yield* refusal("maintain", "busy")
    }
    return content
  },
) as (
  driver: Driver,
  paths: DatabasePaths,
  onProgress: OnProgress,
) => Effect.Effect<ContentDigest, StorageError>
