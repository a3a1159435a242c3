/**
 * The names of a file that takes the place of a database, and of the one whose place it took.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { type DatabasePaths, databasePaths } from "../files/database_paths.ts"
import { destroyFile } from "./destroy.ts"

/** Files that exist only while an operation is under way, or after it was killed. */
export interface NewFilePaths {
  /** The new database until it is complete. Whatever stands there is worthless. */
  readonly next: string
  /** The copy of a backup that is restored from. Whatever stands there is worthless, too. */
  readonly restoring: string
  /** The unencrypted database after its encrypted copy took its place. */
  readonly original: string
  /** The write-ahead log of the unencrypted database. */
  readonly originalLog: string
}

/** Names them. */
export function newFilePaths(paths: DatabasePaths): NewFilePaths {
  return {
    next: `${paths.main}.next`,
    restoring: `${paths.main}.restoring`,
    original: `${paths.main}.original`,
    originalLog: `${paths.main}.original-wal`,
  }
}

/** The files that are worthless whenever no operation is under way, with what an engine puts beside. */
export function worthlessFiles(paths: DatabasePaths): ReadonlyArray<string> {
  const { next, restoring } = newFilePaths(paths)
  return [...withSidecars(next), ...withSidecars(restoring)]
}

/** A file and everything that an engine may put beside it. */
export function withSidecars(path: string): ReadonlyArray<string> {
  const { journal, main, shm, wal } = databasePaths(path)
  return [wal, shm, journal, main]
}

/** The file whose lock tells readers beside a live instance from whoever exchanges the file. */
export const besideLockOf = (paths: DatabasePaths): string => `${paths.main}.beside.lock`

/** Destroys what is left of a new file that did not take its place, and of a backup's copy. */
export const destroyNewFile = (paths: DatabasePaths): Effect.Effect<void> =>
  Effect.sync(() => {
    try {
      for (const path of worthlessFiles(paths)) destroyFile(path)
    } catch {
      // The next operation or opening does it.
    }
  })
