/**
 * Putting a new file in the place of a database.
 *
 * At every moment exactly one complete database stands under the name, and the record beside it names
 * the file that stands there: while the exchange is under way it names both.
 *
 * @module
 */
import { closeSync, constants, fsyncSync, linkSync, openSync, renameSync } from "node:fs"
import type { Driver } from "../driver/port.ts"
import { refusal } from "../driver/failure.ts"
import type { DatabasePaths } from "../files/database_paths.ts"
import { removeIfThere, synchronizeDirectory } from "../files/durable_write.ts"
import { inspectPrivateFile } from "../files/private_file.ts"
import { isWithoutLinks } from "../files/second_name.ts"
import { type CreationRecord, readRecord, writeRecord } from "../open/creation_record.ts"
import { keyCheckOf } from "../open/key_check.ts"
import { destroyFile } from "./destroy.ts"
import { openFile } from "./exclusive.ts"
import { newFilePaths } from "./new_file.ts"
import { type OnProgress, reported } from "./progress.ts"

/** What takes whose place. */
export interface Exchange {
  readonly driver: Driver
  readonly paths: DatabasePaths
  /** The key of the new file, which stands complete, closed and verified under its name. */
  readonly key: Uint8Array
  /** What the record says from now on; undefined leaves it. */
  readonly backend?: string
  /** Keeps the old file under another name until its destruction. */
  readonly keepOriginal?: boolean
  /** Takes what lies beside the old file away with it, which may hold more than was brought into it. */
  readonly discardSidecars?: boolean
  /** Where no record was: makes one for the new file, so that it counts as no copy. */
  readonly newRecord?: Pick<CreationRecord, "generation">
  readonly onProgress: OnProgress
}

/** Makes the content of a file durable. */
export function synchronizeFile(path: string): void {
  const descriptor = openSync(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0))
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The number of a file in its file system, as the record holds it. */
export const inodeOf = (path: string): string =>
  String(inspectPrivateFile(path)?.identity.inode ?? "")

/** Exchanges the files. Throws; whatever happens, an opening afterwards finds the old or the new one. */
export function exchange(what: Exchange): void {
  const { driver, key, onProgress, paths } = what
  const { next } = newFilePaths(paths)
  const check = keyCheckOf(key)
  const inode = inodeOf(next)
  const before = readRecord(paths)
  reported(onProgress, "record", () => {
    // Under its new name already, because turning the log on is a transaction with a rollback journal:
    // killed in the middle of it, the database would stand beside a journal that nobody may play back.
    openFile(driver, next, { kind: "sqlcipher", key }).close()
    synchronizeFile(next)
    if (before !== undefined) writeRecord(paths, { ...before, next: { check, inode } })
  })
  reported(onProgress, "swap", () => {
    if (what.keepOriginal === true) keepOriginal(paths)
    // Not before the record is durable: until here the old file may be needed with all that it has.
    if (what.discardSidecars === true) discardSidecars(what)
    // The old file's log is gone: after a power cut it must not lie beside the new file again.
    synchronizeDirectory(paths.directory)
    renameSync(next, paths.main)
    synchronizeDirectory(paths.directory)
  })
  reported(onProgress, "reopen", () => {
    const connection = openFile(driver, paths.main, { kind: "sqlcipher", key })
    try {
      if (connection.prepare("SELECT count(*) AS n FROM sqlite_schema").get() === undefined) {
        throw refusal("maintain", "damaged")
      }
    } finally {
      connection.close()
    }
    const record = before === undefined
      ? what.newRecord === undefined ? undefined : { backend: null, ...what.newRecord }
      : withoutNext(before)
    if (record === undefined) return
    const backend = what.backend ?? record.backend
    writeRecord(paths, { ...record, state: "ready", backend, check, inode })
  })
}

const withoutNext = ({ backend, check, generation, inode, state }: CreationRecord) => ({
  state,
  backend,
  check,
  generation,
  inode,
})

/** The log of the old file must not be taken for the new one's. */
function discardSidecars({ keepOriginal, paths }: Exchange): void {
  const discard = keepOriginal === true ? destroyFile : removeIfThere
  for (const path of [paths.wal, paths.shm, paths.journal]) discard(path)
}

/** Gives the old file a second name; where the file system knows none, its only one. */
function keepOriginal(paths: DatabasePaths): void {
  const { original } = newFilePaths(paths)
  // One that waits for its destruction since an earlier call was killed.
  destroyFile(original)
  try {
    linkSync(paths.main, original)
  } catch (error) {
    if (!isWithoutLinks(error)) throw error
    renameSync(paths.main, original)
  }
  synchronizeDirectory(paths.directory)
}
