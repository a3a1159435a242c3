/**
 * The write-ahead log of an unencrypted database, which SQLite would only remove: it keeps a second name
 * until its content is destroyed with the database.
 *
 * @module
 */
import { linkSync } from "node:fs"
import { refusal } from "../driver/failure.ts"
import type { Driver } from "../driver/port.ts"
import type { DatabasePaths } from "../files/database_paths.ts"
import { isWithoutLinks } from "../files/second_name.ts"
import { hasLog } from "../open/file_state.ts"
import { destroyFile } from "./destroy.ts"
import { openFile } from "./exclusive.ts"
import { newFilePaths } from "./new_file.ts"

/** Gives the log its second name, if there is one. Its content must be in the main file already. */
export function keepClearLog(paths: DatabasePaths): void {
  if (!hasLog(paths)) return
  const { originalLog } = newFilePaths(paths)
  // One of an earlier call that was killed; its content is in the main file, too.
  destroyFile(originalLog)
  try {
    linkSync(paths.wal, originalLog)
  } catch (error) {
    // Where there are no second names the log is only removed.
    if (!isWithoutLinks(error)) throw error
  }
}

/** Brings everything into the main file and leaves no log. Throws, `busy` when somebody else is there. */
export function settleClearLog(driver: Driver, paths: DatabasePaths): void {
  const connection = openFile(driver, paths.main, { kind: "none" })
  try {
    const answer = connection.prepare("PRAGMA wal_checkpoint(FULL)").get()
    if (answer?.["busy"] !== 0) throw refusal("maintain", "busy")
    keepClearLog(paths)
  } finally {
    connection.close()
  }
  if (hasLog(paths)) throw refusal("maintain", "busy")
}
