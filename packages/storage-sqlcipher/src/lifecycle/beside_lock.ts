/**
 * Who may read a database file beside its live instance, and who may exchange it.
 *
 * A connection that was opened before a file was exchanged would go on with the old file and, on
 * closing, remove the write-ahead log of the new one. So every reader beside a live instance holds
 * this lock together with others, and whoever exchanges the file holds it alone. The operating system
 * ends it with its process.
 *
 * @module
 */
import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { closeSync } from "node:fs"
import { refusal } from "../driver/failure.ts"
import { type Driver, type SqlConnection, sqliteCode } from "../driver/port.ts"
import type { DatabasePaths } from "../files/database_paths.ts"
import { createPrivateFile, tightenPrivateFile } from "../files/private_file.ts"
import { attempt } from "./attempt.ts"
import { besideLockOf } from "./new_file.ts"

const REGISTRY: unique symbol = Symbol.for("@mdk/storage-sqlcipher/held-beside")

/** Files that this process reads beside a live instance or exchanges, over all copies of this module. */
function heldHere(): Set<string> {
  const known: unknown = Reflect.get(globalThis, REGISTRY)
  if (known instanceof Set) return known
  const held = new Set<string>()
  Reflect.set(globalThis, REGISTRY, held)
  return held
}

/**
 * Holds the lock until the scope ends; fails with `busy` when others hold it in a way that excludes
 * this one, or when this process works on the same file already.
 */
export const besideLock = (
  driver: Driver,
  paths: DatabasePaths,
  how: "shared" | "exclusive",
): Effect.Effect<void, StorageError, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(
    attempt(() => take(driver, besideLockOf(paths), how)),
    (release) => Effect.sync(release),
  ))

function take(driver: Driver, path: string, how: "shared" | "exclusive"): () => void {
  const held = heldHere()
  if (held.has(path)) throw refusal("maintain", "busy")
  held.add(path)
  let connection: SqlConnection | undefined
  try {
    const descriptor = createPrivateFile(path)
    // Nobody can have a lock on a file that did not exist.
    if (descriptor !== undefined) closeSync(descriptor)
    tightenPrivateFile(path)
    connection = driver.open({
      path,
      encryption: { kind: "none" },
      mode: "lock",
      busyTimeout: how === "shared" ? 2000 : 0,
    })
    connection.exec("PRAGMA journal_mode=MEMORY")
    connection.exec(how === "exclusive" ? "BEGIN EXCLUSIVE" : "BEGIN")
    // The first read takes the shared lock.
    if (how === "shared") connection.prepare("SELECT count(*) AS n FROM sqlite_schema").get()
  } catch (error) {
    held.delete(path)
    connection?.close()
    throw sqliteCode(error).startsWith("SQLITE_BUSY") ? refusal("maintain", "busy") : error
  }
  const opened = connection
  return () => {
    if (!held.delete(path)) return
    opened.rollback()
    opened.close()
  }
}
