/**
 * A private copy of somebody else's database file with its sidecars, to be opened in its place.
 *
 * Opening a database may change it: a log is checkpointed, a journal is played back. Originals are only
 * ever read.
 *
 * @module
 */
import type { StorageError } from "@mdk/core/services"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { closeSync, constants, fstatSync, openSync, type Stats } from "node:fs"
import { join } from "node:path"
import { refusal } from "../driver/failure.ts"
import { type DatabasePaths, databasePaths } from "../files/database_paths.ts"
import { createPrivateFile, isMissing } from "../files/private_file.ts"
import { attempt } from "./attempt.ts"
import { destroyCopyDirectory, destroyStaleCopies, makeCopyDirectory } from "./copy_directory.ts"
import { destroyFile } from "./destroy.ts"
import { readAll, writeAll } from "./page_walk.ts"

const ATTEMPTS = 5
const PIECE = 1024 * 1024

/**
 * Copies a database with its log and journal into a directory of its own (0700, files 0600), which is
 * destroyed when the scope ends. Those that killed processes left are destroyed before.
 *
 * Fails as {@link copyDatabase}.
 */
export const privateCopy = (
  path: string,
): Effect.Effect<DatabasePaths, StorageError, Scope.Scope> =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    yield* Effect.sync(() => destroyStaleCopies(now))
    const directory = yield* Effect.acquireRelease(
      attempt(makeCopyDirectory),
      (made) => Effect.sync(() => destroyCopyDirectory(made)),
    )
    const to = databasePaths(join(directory, "copy.db"))
    yield* copyDatabase(path, to)
    return to
  })

/**
 * Copies a database with its log and journal to a place where nothing is (files 0600). What was written
 * is the caller's to destroy. The index of the log is not copied: the engine makes it anew.
 *
 * Fails with `not-a-database` when there is no file, `busy` when the files change all the time.
 */
export const copyDatabase = (path: string, to: DatabasePaths): Effect.Effect<void, StorageError> =>
  Effect.gen(function* () {
    const from = databasePaths(path)
    for (let tries = 0; tries < ATTEMPTS; tries++) {
      if (yield* attempt(() => copyOnce(from, to))) return
      yield* Effect.sleep("100 millis")
    }
    return yield* refusal("maintain", "busy")
  })

/** True when nothing changed meanwhile. */
function copyOnce(from: DatabasePaths, to: DatabasePaths): boolean {
  const pairs = [[from.main, to.main], [from.wal, to.wal], [from.journal, to.journal]] as const
  const seen: Array<string> = []
  for (const [source, target] of pairs) {
    destroyFile(target)
    const state = copyFile(source, target)
    if (state === undefined && source === from.main) throw refusal("maintain", "not-a-database")
    seen.push(state ?? "")
  }
  return pairs.every(([source], at) => (stateOf(source) ?? "") === seen[at])
}

/** What changes when a file is written. */
const stateText = ({ dev, ino, mtimeMs, size }: Stats): string => `${dev} ${ino} ${size} ${mtimeMs}`

function stateOf(path: string): string | undefined {
  return withSource(path, (_, stats) => stateText(stats))
}

function copyFile(source: string, target: string): string | undefined {
  return withSource(source, (descriptor, stats) => {
    const written = createPrivateFile(target)
    if (written === undefined) throw refusal("maintain", "unsafe-file")
    try {
      const piece = new Uint8Array(Math.min(PIECE, stats.size))
      for (let at = 0; at < stats.size; at += piece.length) {
        const part = piece.subarray(0, Math.min(piece.length, stats.size - at))
        readAll(descriptor, part, at)
        writeAll(written, part, at)
      }
    } finally {
      closeSync(written)
    }
    return stateText(stats)
  })
}

function withSource<A>(path: string, use: (descriptor: number, stats: Stats) => A): A | undefined {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) throw refusal("maintain", "not-a-database")
    return use(descriptor, stats)
  } finally {
    closeSync(descriptor)
  }
}
