/**
 * Encrypted backups, also while the database is in use.
 *
 * @module
 */
import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { closeSync, lstatSync, statSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { refusal } from "../driver/failure.ts"
import { loadDriver } from "../driver/load.ts"
import { removeIfThere, synchronizeDirectory } from "../files/durable_write.ts"
import { createPrivateFile, inspectPrivateFile } from "../files/private_file.ts"
import { inTransaction, schemaState, writeMeta } from "../schema/migrations.ts"
import { attempt } from "./attempt.ts"
import { beside, besideConnection } from "./beside.ts"
import { keyBytes, openFile, withConnection } from "./exclusive.ts"
import { withSidecars } from "./new_file.ts"
import type { KeyedOptions } from "./options.ts"
import { digestPages } from "./page_walk.ts"
import { reported, silent } from "./progress.ts"
import { checkStructure } from "./structure.ts"
import { synchronizeFile } from "./swap.ts"
import { takeName } from "./take_name.ts"

/** What to back up, and where to. */
export interface BackupOptions extends KeyedOptions {
  /** The new file, which must not exist; its directory must. Its mode is 0600. */
  readonly to: string
}

/** What {@link backupDatabase} wrote. */
export interface BackedUp {
  /** Bytes of the backup. */
  readonly bytes: number
}

/**
 * Writes a snapshot of a database to a new file, encrypted under the same key, while a live instance
 * goes on, in this process or another.
 *
 * The snapshot is everything that was committed when it began. Every page of the backup is
 * authenticated and its structure checked before it gets its name. It carries the mark of a restored
 * database: whichever way it is put back, the next opening says `condition.restored`. A rotation of the
 * database's key does not reach it: keep the key that it was made with (`KeyRecovery.exportKey`).
 *
 * The copy itself is one call of the engine, during which this process does nothing else.
 *
 * Fails with `unsafe-file` when the target exists, `busy` while somebody exchanges the file,
 * `not-a-database` when there is none, `wrong-key`, `damaged`, `full`. What a killed backup left beside
 * the target is removed by the next one to the same target, also when that one finds the target finished.
 *
 * @example
 * ```ts
 * import { Storage } from "@mdk/core/services"
 * import { backupDatabase, layerWithKey, verifyDatabase } from "@mdk/storage-sqlcipher"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 * import assert from "node:assert/strict"
 * import { mkdtempSync, rmSync } from "node:fs"
 * import { tmpdir } from "node:os"
 * import { join } from "node:path"
 *
 * const directory = mkdtempSync(join(tmpdir(), "mdk-"))
 * const path = join(directory, "chat", "chat.db")
 * const to = join(directory, "backup.db")
 * const key = Redacted.make(crypto.getRandomValues(new Uint8Array(32)))
 * const whileOpen = Storage.use(() => backupDatabase({ path, key, to }))
 * await Effect.runPromise(whileOpen.pipe(Effect.provide(layerWithKey({ path, key }))))
 * const { sound } = await Effect.runPromise(verifyDatabase({ path: to, key }))
 * assert.equal(sound, true)
 * rmSync(directory, { recursive: true })
 * ```
 */
export const backupDatabase: (options: BackupOptions) => Effect.Effect<BackedUp, StorageError> =
  Effect.fn("Storage.backup")(function* (options) {
    const { onProgress = silent, path } = options
    const driver = yield* loadDriver(options.driver)
    const key = yield* keyBytes(options.key)
    const encryption = { kind: "sqlcipher", key } as const
    const to = resolve(options.to)
    // Hidden and short-lived; it lies in the directory of the target, so that a rename is enough.
    const part = join(dirname(to), `.${basename(to)}.part`)
    const removePart = () => {
      for (const file of withSidecars(part)) removeIfThere(file)
    }
    return yield* Effect.scoped(Effect.gen(function* () {
      const source = yield* beside(driver, path, key)
      yield* attempt(() => {
        // A backup was killed after it gave the finished file its name.
        if (isSameFile(part, to)) removeIfThere(part)
        if (inspectPrivateFile(to) !== undefined) throw refusal("maintain", "unsafe-file")
        removePart()
      })
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          try {
            removePart()
          } catch {
            // The next backup to this target does it.
          }
        })
      )
      yield* Effect.scoped(Effect.gen(function* () {
        // The engine refuses the copy on a connection that may not write at all.
        const connection = yield* besideConnection(driver, source, encryption, "write")
        yield* attempt(() =>
          reported(onProgress, "copy", () => {
            const descriptor = createPrivateFile(part)
            if (descriptor === undefined) throw refusal("maintain", "unsafe-file")
            closeSync(descriptor)
            connection.prepare("VACUUM INTO ?").run(part)
          })
        )
      }))
      yield* withConnection(
        () => openFile(driver, part, encryption),
        (connection) =>
          Effect.gen(function* () {
            yield* attempt(() =>
              reported(onProgress, "mark", () => {
                if (schemaState(connection).kind === "ours") {
                  inTransaction(connection, () => writeMeta(connection, "restored", 1))
                }
                connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()
              })
            )
            yield* checkStructure(connection, "full", onProgress)
          }),
      )
      yield* digestPages({ path: part, key, step: "check-pages", onProgress })
      const bytes = yield* attempt(() =>
        reported(onProgress, "swap", () => {
          synchronizeFile(part)
          takeName(part, to)
          synchronizeDirectory(dirname(to))
          return statSync(to).size
        })
      )
      yield* attempt(() => onProgress({ step: "done", done: 1, total: 1 }))
      return { bytes }
    }))
  })

function isSameFile(a: string, b: string): boolean {
  const [first, second] = [a, b].map((path) => lstatSync(path, { throwIfNoEntry: false }))
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev
}
