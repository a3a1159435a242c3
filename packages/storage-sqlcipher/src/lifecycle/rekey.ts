/**
 * Changing the key of a database: a copy under the new key, never a change in place.
 *
 * @module
 */
import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { refusal } from "../driver/failure.ts"
import { loadDriver } from "../driver/load.ts"
import { readRecord, writeRecord } from "../open/creation_record.ts"
import { fileState } from "../open/file_state.ts"
import { keyCheckOf } from "../open/key_check.ts"
import { examinePages } from "../open/page_authentication.ts"
import { attempt } from "./attempt.ts"
import { checkStructure } from "./structure.ts"
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
import type { LifecycleOptions } from "./options.ts"
import { digestPages, recryptPages } from "./page_walk.ts"
import { reported, silent } from "./progress.ts"
import { exchange } from "./swap.ts"

/** A file and both its keys, which stay the caller's. */
export interface RekeyOptions extends LifecycleOptions {
  /** The key that it has. */
  readonly current: Redacted.Redacted<Uint8Array>
  /** The key that it gets. */
  readonly next: Redacted.Redacted<Uint8Array>
}

/** What {@link rekeyDatabase} did. */
export interface Rekeyed {
  /**
   * True when the file had the next key already: an earlier call was interrupted after its end. Both
   * keys may be the same then.
   */
  readonly alreadyDone: boolean
}

/**
 * Encrypts a database with another key.
 *
 * Every page is authenticated, written to a new file under the next key, read back and compared; then
 * the new file takes the place of the old one in one rename. Killed at any moment it leaves the old
 * file under the current key or the new file under the next one, whole, and repeating it finishes it.
 * The current key must be kept until this has succeeded, the next one must be stored before it begins:
 * `KeyRotation.rotate` of `@mdk/keyring-adapters` does both, with this as its `rekey`. An opening by
 * `layer` after a crash finds out by itself which of the two keys the file has.
 *
 * Needs the pen: fails with `account-in-use` beside a live instance, `busy` beside a reader,
 * `wrong-key` when the file has neither key, `invalid` when a key is not 32 bytes long, `damaged` when a page is not authentic (the old file stays), `full` when the disk has no room
 * for a second copy.
 *
 * @example
 * ```ts ignore
 * import { KEY_LENGTH, KeyStore, systemEntropy } from "@mdk/core/services"
 * import { KeyRotation } from "@mdk/keyring-adapters"
 * import { rekeyDatabase } from "@mdk/storage-sqlcipher"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * const path = "accounts/default/chat.db"
 * const name = { serviceId: "com.example.chat", keyId: "mdk.db.key.default" }
 * const rotate = Effect.gen(function* () {
 *   const store = yield* KeyStore
 *   const fresh = Redacted.make(systemEntropy.bytes(KEY_LENGTH))
 *   yield* KeyRotation.rotate(
 *     store,
 *     name,
 *     fresh,
 *     ({ current, next }) => Effect.asVoid(rekeyDatabase({ path, current, next })),
 *   )
 * })
 * ```
 */
export const rekeyDatabase: (options: RekeyOptions) => Effect.Effect<Rekeyed, StorageError> = Effect
  .fn("Storage.rekey")(function* (options) {
    const { onProgress = silent, path } = options
    const driver = yield* loadDriver(options.driver)
    const entropy = yield* entropyOrSystem
    const current = yield* keyBytes(options.current)
    const next = yield* keyBytes(options.next)
    return yield* Effect.scoped(Effect.gen(function* () {
      const paths = yield* exclusively(driver, path)
      const files = newFilePaths(paths)
      const isDone = yield* attempt(() => {
        if (keyCheckOf(current) === keyCheckOf(next)) checkKey(paths, next)
        return fileState(paths) === "other" && examinePages(paths.main, next).any
      })
      if (isDone) {
        yield* attempt(() => {
          const record = readRecord(paths)
          if (record === undefined || record.check === keyCheckOf(next)) return
          const { backend, generation, state } = record
          const inode = record.next?.inode ?? record.inode
          writeRecord(paths, { state, backend, generation, check: keyCheckOf(next), inode })
        })
        return { alreadyDone: true }
      }
      yield* attempt(() =>
        reported(onProgress, "settle", () => {
          checkKey(paths, current)
          emptyLog(driver, paths, { kind: "sqlcipher", key: current })
        })
      )
      yield* Effect.gen(function* () {
        const written = yield* recryptPages(
          { path: paths.main, key: current, step: "copy", onProgress },
          { path: files.next, key: next, entropy },
        )
        const read = yield* digestPages({
          path: files.next,
          key: next,
          step: "check-pages",
          onProgress,
        })
        if (read.digest !== written.digest) return yield* refusal("maintain", "io")
        yield* withConnection(
          () => openFile(driver, files.next, { kind: "sqlcipher", key: next }, "read"),
          (connection) => checkStructure(connection, "quick", onProgress),
        )
        yield* attempt(() => exchange({ driver, paths, key: next, onProgress }))
      }).pipe(Effect.ensuring(destroyNewFile(paths)))
      yield* attempt(() => onProgress({ step: "done", done: 1, total: 1 }))
      return { alreadyDone: false }
    }))
  })
