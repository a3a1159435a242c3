/**
 * The pen: one live instance per database, on this machine.
 *
 * An exclusive transaction on a file of its own. The operating system ends it with the process that
 * holds it, however that process dies.
 *
 * @module
 */
import { closeSync, realpathSync } from "node:fs"
import { basename, join } from "node:path"
import { type Driver, type SqlConnection, sqliteCode } from "../driver/port.ts"
import type { DatabasePaths } from "../files/database_paths.ts"
import { createPrivateFile, isMissing, tightenPrivateFile } from "../files/private_file.ts"

const REGISTRY: unique symbol = Symbol.for("@mdk/storage-sqlcipher/held-locks")

/**
 * The locks of this process, shared by every copy of this module. POSIX locks do not tell two holders
 * in one process apart, and opening a locked file a second time could drop the lock.
 */
function heldLocks(): Set<string> {
  const known: unknown = Reflect.get(globalThis, REGISTRY)
  if (known instanceof Set) return known
  const held = new Set<string>()
  Reflect.set(globalThis, REGISTRY, held)
  return held
}

/**
 * True when a live instance of this process has the database. Then its files must not be opened but by
 * the engine: closing them would drop the locks of the instance.
 */
export function isHeldHere(paths: DatabasePaths): boolean {
  try {
    return heldLocks().has(join(realpathSync(paths.directory), basename(paths.lock)))
  } catch (error) {
    // Nobody has a database where there is no directory.
    if (isMissing(error)) return false
    throw error
  }
}

/** A held lock. */
export interface InstanceLock {
  /** Gives it back. Repeating it is harmless. */
  readonly release: () => void
}

/**
 * Takes the lock; undefined when another instance holds it.
 *
 * The lock's file stays: deleting it would let two instances lock two files of the same name.
 */
export function takeInstanceLock(driver: Driver, paths: DatabasePaths): InstanceLock | undefined {
  const name = join(realpathSync(paths.directory), basename(paths.lock))
  const held = heldLocks()
  if (held.has(name)) return undefined
  held.add(name)
  let connection: SqlConnection | undefined
  let descriptor: number | undefined
  try {
    descriptor = createPrivateFile(paths.lock)
    tightenPrivateFile(paths.lock)
    connection = lockExclusively(driver, paths.lock)
  } catch (error) {
    held.delete(name)
    if (descriptor !== undefined) closeSync(descriptor)
    throw error
  }
  if (connection === undefined) {
    // The descriptor, if this call made the file, stays open: closing it could drop a lock that
    // another thread of this process took meanwhile.
    held.delete(name)
    return undefined
  }
  const opened = connection
  return {
    release: () => {
      if (!held.delete(name)) return
      opened.rollback()
      opened.close()
      if (descriptor !== undefined) closeSync(descriptor)
    },
  }
}

function lockExclusively(driver: Driver, path: string): SqlConnection | undefined {
  const connection = driver.open({
    path,
    encryption: { kind: "none" },
    mode: "lock",
    busyTimeout: 0,
  })
  try {
    // Nothing is ever written to the file: a journal on disk would only be litter after a crash.
    connection.exec("PRAGMA journal_mode=MEMORY")
    connection.exec("BEGIN EXCLUSIVE")
    return connection
  } catch (error) {
    connection.close()
    if (sqliteCode(error).startsWith("SQLITE_BUSY")) return undefined
    throw error
  }
}
