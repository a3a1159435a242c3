/**
 * What a killed operation left beside a database: removed, or put right, before anything is opened.
 *
 * A new file that did not take its place is worthless. An unencrypted original has either not been
 * replaced yet, and then only the second name goes, or it has, and then it is destroyed as soon as
 * somebody proved that the new file opens.
 *
 * @module
 */
import { lstatSync, renameSync } from "node:fs"
import type { DatabasePaths } from "../files/database_paths.ts"
import { removeIfThere, synchronizeDirectory } from "../files/durable_write.ts"
import { type FileIdentity, isMissing } from "../files/private_file.ts"
import { destroyFile } from "./destroy.ts"
import { newFilePaths, worthlessFiles } from "./new_file.ts"

/** Settles the files of a database whose pen is held and which nobody has open. */
export function recoverFiles(paths: DatabasePaths): void {
  const { original, originalLog } = newFilePaths(paths)
  const unreplaced = identity(original)
  if (unreplaced !== undefined) {
    const main = identity(paths.main)
    // Where there are no second names the original was renamed, and the new file never came.
    if (main === undefined) renameSync(original, paths.main)
    else if (isSame(main, unreplaced)) removeIfThere(original)
    synchronizeDirectory(paths.directory)
  }
  const log = identity(originalLog)
  if (log !== undefined && isSame(log, identity(paths.wal))) removeIfThere(originalLog)
  // Its pages may still be those of an unencrypted database.
  for (const path of worthlessFiles(paths)) destroyFile(path)
  if (unreplaced === undefined) destroyFile(originalLog)
}

/** True when an unencrypted original waits for its destruction. */
export const hasOriginal = (paths: DatabasePaths): boolean =>
  identity(newFilePaths(paths).original) !== undefined

/** Destroys the unencrypted original of a database that was opened, encrypted, where it is now. */
export function destroyOriginal(
  paths: DatabasePaths,
  onBytes?: (done: number, total: number) => void,
): void {
  const { original, originalLog } = newFilePaths(paths)
  destroyFile(originalLog)
  destroyFile(original, onBytes)
  synchronizeDirectory(paths.directory)
}

function identity(path: string): FileIdentity | undefined {
  try {
    const { dev, ino } = lstatSync(path)
    return { device: dev, inode: ino }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

const isSame = (a: FileIdentity, b: FileIdentity | undefined): boolean =>
  a.device === b?.device && a.inode === b.inode
