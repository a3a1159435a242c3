/**
 * Layers that provide encrypted storage.
 *
 * @module
 */
import {
  Entropy,
  type EntropyService,
  KeyStore,
  Storage,
  type StorageError,
  type StorageService,
  systemEntropy,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { refusal } from "./driver/failure.ts"
import { type DriverChoice, loadDriver } from "./driver/load.ts"
import type { Driver } from "./driver/port.ts"
import { attempt } from "./open/attempt.ts"
import type { ExistingKeyPolicy } from "./open/key_decision.ts"
import type { KeySource } from "./open/key_handover.ts"
import { openDatabase } from "./open/open_database.ts"
import { migrate } from "./schema/migrations.ts"
import { makeService, type ServiceParts } from "./service.ts"

/** What every layer on a file needs. */
export interface FileOptions {
  /**
   * The database file. Its directory is made (mode 0700) when it is missing, and must be ours alone:
   * give the database a directory of its own. Sidecars lie beside it: `-wal`, `-shm`, `.lock`,
   * `.record.json`.
   */
  readonly path: string
  /** The engine, default `multiple-ciphers`. */
  readonly driver?: DriverChoice
}

/** What {@link layer} needs. */
export interface SqlCipherOptions extends FileOptions {
  /** The application, as its keys are named in the key store, e.g. `com.example.chat`. */
  readonly serviceId: string
  /** The key, e.g. `mdk.db.key.default`. */
  readonly keyId: string
  /** What to do when a key exists and the database does not; default `error`. */
  readonly onExistingKey?: ExistingKeyPolicy
}

/**
 * Storage in an encrypted file (SQLCipher 4) whose key lives in the {@link KeyStore}.
 *
 * The key is made on the first opening. Opening fails with a {@link StorageError} whose reason says
 * what to do: `account-in-use`, `key-missing`, `key-exists`, `wrong-key`, `plaintext-file`, and so on.
 * It never makes a new key for a file with content. The scope's end checkpoints, closes and gives the
 * pen back.
 *
 * @example
 * ```ts ignore
 * import { layer as keyring } from "@mdk/keyring-adapters/native"
 * import { layer } from "@mdk/storage-sqlcipher"
 * import * as Layer from "effect/Layer"
 *
 * const storage = layer({
 *   path: "accounts/default/chat.db",
 *   serviceId: "com.example.chat",
 *   keyId: "mdk.db.key.default",
 * }).pipe(Layer.provide(keyring))
 * ```
 */
export const layer = (
  options: SqlCipherOptions,
): Layer.Layer<Storage, StorageError, KeyStore> =>
  Layer.effect(
    Storage,
    Effect.gen(function* () {
      const store = yield* KeyStore
      return yield* openStorage(options, {
        kind: "store",
        store,
        name: { serviceId: options.serviceId, keyId: options.keyId },
        onExistingKey: options.onExistingKey ?? "error",
      })
    }),
  )

/** What {@link layerWithKey} needs. */
export interface WithKeyOptions extends FileOptions {
  /** 32 bytes from a secure random source, used as they are. They stay the caller's. */
  readonly key: Redacted.Redacted<Uint8Array>
}

/**
 * Storage in an encrypted file whose key the application brings itself.
 *
 * Losing the key is losing the data. Fails as {@link layer} does, but for what is about key stores;
 * a key of another length fails with `invalid`.
 *
 * @example
 * ```ts
 * import { Storage } from "@mdk/core/services"
 * import { layerWithKey } from "@mdk/storage-sqlcipher"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 * import assert from "node:assert/strict"
 * import { mkdtempSync, rmSync } from "node:fs"
 * import { tmpdir } from "node:os"
 * import { join } from "node:path"
 *
 * const directory = mkdtempSync(join(tmpdir(), "mdk-"))
 * const key = Redacted.make(crypto.getRandomValues(new Uint8Array(32)))
 * const opened = Storage.useSync((storage) => storage.condition.generation).pipe(
 *   Effect.provide(layerWithKey({ path: join(directory, "chat", "chat.db"), key })),
 * )
 * assert.equal(await Effect.runPromise(opened), 1)
 * rmSync(directory, { recursive: true })
 * ```
 */
export const layerWithKey = (options: WithKeyOptions): Layer.Layer<Storage, StorageError> =>
  Layer.effect(Storage, openStorage(options, { kind: "given", key: options.key }))

/** What {@link layerUnencrypted} needs. */
export interface UnencryptedOptions extends FileOptions {
  /** Must be `true`: everything, keys and messages, is readable for whoever gets the file. */
  readonly storeEverythingInClear: true
}

/**
 * Storage in a file that is **not** encrypted, for development and for machines whose disk is.
 *
 * Warns loudly every time. Fails with `invalid` unless `storeEverythingInClear` is `true`, and with
 * `not-a-database` on an encrypted file. All else is as in {@link layer}.
 */
export const layerUnencrypted = (
  options: UnencryptedOptions,
): Layer.Layer<Storage, StorageError> =>
  Layer.effect(
    Storage,
    Effect.gen(function* () {
      if (options.storeEverythingInClear !== true) return yield* refusal("open", "invalid")
      yield* Effect.logWarning(
        "storage is NOT ENCRYPTED: everybody who gets the file reads all that is in it",
      )
      return yield* openStorage(options, { kind: "none" })
    }),
  )

/**
 * Storage by the same engine in memory: nothing is written to a disk, everything is forgotten when the
 * scope ends. Fails with `unsupported-runtime` where the engine cannot be loaded.
 */
export const layerMemory: Layer.Layer<Storage, StorageError> = Layer.effect(
  Storage,
  Effect.gen(function* () {
    const driver = yield* loadDriver()
    const entropy = yield* entropyOrSystem
    const connection = yield* Effect.acquireRelease(
      attempt(() => driver.open({ path: ":memory:", encryption: { kind: "none" } })),
      (connection) => Effect.sync(() => connection.close()),
    )
    yield* attempt(() => migrate(connection, entropy))
    const condition = { restored: false, generation: 1 }
    return yield* serve({ connection, condition, wal: undefined, hadLog: false })
  }),
)

const entropyOrSystem: Effect.Effect<EntropyService> = Effect.map(
  Effect.serviceOption(Entropy),
  Option.getOrElse(() => systemEntropy),
)

const openStorage = Effect.fnUntraced(function* (options: FileOptions, source: KeySource) {
  return yield* openWith(yield* loadDriver(options.driver), options.path, source)
})

/** Opens a file with a loaded driver and serves it until the scope ends. */
export const openWith: (
  driver: Driver,
  path: string,
  source: KeySource,
) => Effect.Effect<StorageService, StorageError, Scope.Scope> = Effect.fnUntraced(
  function* (driver: Driver, path: string, source: KeySource) {
    const entropy = yield* entropyOrSystem
    const opened = yield* openDatabase({ path, source, driver, entropy })
    const { condition, connection, hadLog, paths } = opened
    return yield* serve({ connection, condition, wal: paths.wal, hadLog })
  },
)

/** Makes the service; its end comes before the connection's. */
const serve = (
  parts: ServiceParts,
): Effect.Effect<StorageService, StorageError, Scope.Scope> =>
  Effect.acquireRelease(
    attempt(() => makeService(parts)),
    ({ close }) => Effect.sync(close),
  ).pipe(Effect.map(({ service }) => service))
