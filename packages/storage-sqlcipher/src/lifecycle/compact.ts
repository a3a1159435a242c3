/**
 * Writing a database anew without what it no longer needs.
 *
 * @module
 */
import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { closeSync, statSync } from "node:fs"
import { refusal } from "../driver/failure.ts"
import { loadDriver } from "../driver/load.ts"
import { createPrivateFile } from "../files/private_file.ts"
import { attempt } from "./attempt.ts"
import { digestContent, isSameContent } from "./content_digest.ts"
import { checkKey, emptyLog, exclusively, keyBytes, openFile, withConnection } from "./exclusive.ts"
import { destroyNewFile, newFilePaths } from "./new_file.ts"
import type { KeyedOptions } from "./options.ts"
import { digestPages } from "./page_walk.ts"
import { reported, silent } from "./progress.ts"
import { checkStructure } from "./structure.ts"
import { exchange } from "./swap.ts"

/** What {@link compactDatabase} did. */
export interface Compacted {
  /** Bytes of the file before. */
  readonly before: number
  /** Bytes of the file now. */
  readonly after: number
}

/**
 * Copies a database to a new file without free pages, compares the contents, and puts it in the place
 * of the old one by one rename. Killed at any moment it leaves the old or the new file, whole.
 *
 * Needs the pen, and room for a second copy. Fails with `account-in-use` beside a live instance, `busy`
 * beside a reader, `wrong-key`, `damaged` (the old file stays), `full`.
 */
export const compactDatabase: (options: KeyedOptions) => Effect.Effect<Compacted, StorageError> =
  Effect.fn("Storage.compact")(function* (options) {
    const { onProgress = silent } = options
    const driver = yield* loadDriver(options.driver)
    const key = yield* keyBytes(options.key)
    const encryption = { kind: "sqlcipher", key } as const
    return yield* Effect.scoped(Effect.gen(function* () {
      const paths = yield* exclusively(driver, options.path)
      const { next } = newFilePaths(paths)
      const before = yield* attempt(() =>
        reported(onProgress, "settle", () => {
          checkKey(paths, key)
          emptyLog(driver, paths, encryption)
          return statSync(paths.main).size
        })
      )
      return yield* Effect.gen(function* () {
        const old = yield* withConnection(
          () => openFile(driver, paths.main, encryption),
          (connection) =>
            Effect.gen(function* () {
              yield* checkStructure(connection, "full", onProgress)
              yield* attempt(() =>
                reported(onProgress, "copy", () => {
                  const descriptor = createPrivateFile(next)
                  if (descriptor === undefined) throw refusal("maintain", "unsafe-file")
                  closeSync(descriptor)
                  connection.prepare("VACUUM INTO ?").run(next)
                })
              )
              return yield* digestContent(connection, onProgress)
            }),
        )
        yield* digestPages({ path: next, key, step: "check-pages", onProgress })
        const copied = yield* withConnection(
          () => openFile(driver, next, encryption, "read"),
          (connection) =>
            Effect.andThen(
              checkStructure(connection, "full", onProgress),
              digestContent(connection, onProgress),
            ),
        )
        if (!isSameContent(old, copied)) return yield* refusal("maintain", "io")
        const after = yield* attempt(() => {
          exchange({ driver, paths, key, onProgress })
          return statSync(paths.main).size
        })
        yield* attempt(() => onProgress({ step: "done", done: 1, total: 1 }))
        return { before, after }
      }).pipe(Effect.ensuring(destroyNewFile(paths)))
    }))
  })
