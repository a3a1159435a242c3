/**
 * Directories of private copies in the system's folder for temporary files, also those that killed
 * processes left there.
 *
 * @module
 */
import { lstatSync, mkdtempSync, readdirSync, rmdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { ownUserId } from "../files/private_directory.ts"
import { destroyFile } from "./destroy.ts"

const PREFIX = "mdk-copy-"
const NAME = /^mdk-copy-(?:(\d{1,10})-)?[0-9A-Za-z]{6}$/

/** Milliseconds after which a copy is nobody's, whatever process made it. */
const STALE_AFTER = 60 * 60 * 1000

/** Milliseconds before which a process that is not seen may live in another container. */
const ABANDONED_AFTER = 10 * 60 * 1000

/** Makes one (0700), whose name tells the process. */
export const makeCopyDirectory = (): string =>
  mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))

/** Destroys one with its files. What fails is left to the next sweep. */
export function destroyCopyDirectory(directory: string): void {
  try {
    for (const name of readdirSync(directory)) destroyFile(join(directory, name))
    rmdirSync(directory)
  } catch {
    // It is found again by its name.
  }
}

/** Destroys those of this user that are older than an hour, or than ten minutes when their process is dead. */
export function destroyStaleCopies(now: number): void {
  for (const name of namesIn(tmpdir())) {
    const match = NAME.exec(name)
    if (match === null) continue
    const directory = join(tmpdir(), name)
    if (isStale(directory, match[1], now)) destroyCopyDirectory(directory)
  }
}

function isStale(directory: string, pid: string | undefined, now: number): boolean {
  try {
    const stats = lstatSync(directory)
    if (!stats.isDirectory()) return false
    if (process.platform !== "win32" && stats.uid !== ownUserId()) return false
    const age = now - stats.mtimeMs
    return age > STALE_AFTER || (age > ABANDONED_AFTER && pid !== undefined && isDead(Number(pid)))
  } catch {
    // Somebody else swept it, or nobody may look at it.
    return false
  }
}

function isDead(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    // Any other answer, such as that the process is another user's, says that there is one.
    return error instanceof Error && Reflect.get(error, "code") === "ESRCH"
  }
}

function namesIn(directory: string): ReadonlyArray<string> {
  try {
    return readdirSync(directory)
  } catch {
    // It can perhaps be written to, but not listed.
    return []
  }
}
