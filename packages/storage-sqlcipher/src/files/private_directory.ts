/**
 * The directory of a database: ours, only ours, and reached through directories that nobody else can
 * change.
 *
 * @module
 */
import { chmodSync, lstatSync, mkdirSync, realpathSync, type Stats } from "node:fs"
import { dirname } from "node:path"
import process from "node:process"
import { isPrivateGroup } from "./private_group.ts"
import { synchronizeDirectory } from "./synchronize_directory.ts"
import { UnsafeFileError } from "./unsafe_file_error.ts"
import { restrictToCurrentUser } from "./windows_access.ts"

const STICKY = 0o1000
const GROUP_WRITES = 0o020
const OTHERS_WRITE = 0o002

/**
 * Makes sure that a directory is private, creating it (and what is missing above it) with mode 0700.
 * Our own directory with a looser mode is tightened. What was created is durable: no file in
 * it can outlive a crash better than its directory.
 *
 * Throws {@link UnsafeFileError}, or the file system's error.
 *
 * @param directory absolute path
 */
export function securePrivateDirectory(
  directory: string,
  synchronize: (directory: string) => void = synchronizeDirectory,
): void {
  const first = mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (first !== undefined) {
    for (const holder of holdersOf(first, directory)) synchronize(holder)
  }
  if (process.platform === "win32") return restrictToCurrentUser(directory, "directory")
  const stats = lstatSync(directory)
  if (stats.isSymbolicLink()) throw new UnsafeFileError("symbolic-link")
  if (!stats.isDirectory()) throw new UnsafeFileError("not-a-directory")
  if (stats.uid !== ownUserId()) throw new UnsafeFileError("foreign-owner")
  if ((stats.mode & STICKY) !== 0 && (stats.mode & OTHERS_WRITE) !== 0) {
    // A shared directory such as /tmp, even when it is ours: closing it would hurt others.
    throw new UnsafeFileError("writable-by-others")
  }
  checkAncestors(directory)
  if ((stats.mode & 0o777) !== 0o700) chmodSync(directory, 0o700)
}

/** The user id of this process. */
export const ownUserId = (): number => process.geteuid?.() ?? -1

/** The directories that got a new entry, from the top, when everything from `first` on was created. */
function holdersOf(first: string, directory: string): ReadonlyArray<string> {
  const holders: Array<string> = []
  for (let at = directory; at.length >= first.length && dirname(at) !== at; at = dirname(at)) {
    holders.unshift(dirname(at))
  }
  return holders
}

/** Checks every directory on the way, by the path as it is written and as it resolves. */
function checkAncestors(directory: string): void {
  for (const start of new Set([dirname(directory), dirname(realpathSync(directory))])) {
    for (let at = start;; at = dirname(at)) {
      checkAncestor(lstatSync(at))
      if (dirname(at) === at) break
    }
  }
}

function checkAncestor(stats: Stats): void {
  if (stats.uid !== 0 && stats.uid !== ownUserId()) throw new UnsafeFileError("foreign-owner")
  // A link has no mode of its own; whoever may replace it owns the directory it stands in.
  if (stats.isSymbolicLink()) return
  const isRootsSticky = (stats.mode & STICKY) !== 0 && stats.uid === 0
  if (isRootsSticky) return
  if ((stats.mode & OTHERS_WRITE) !== 0) throw new UnsafeFileError("writable-by-others")
  if ((stats.mode & GROUP_WRITES) !== 0 && !isPrivateGroup(stats.gid)) {
    throw new UnsafeFileError("writable-by-others")
  }
}
