/**
 * What stands where the database belongs, without opening it as one.
 *
 * @module
 */
import type { DatabasePaths } from "../files/database_paths.ts"
import { inspectPrivateFile, readFirstBytes } from "../files/private_file.ts"
import type { CreationRecord } from "./creation_record.ts"
import { PAGE_SIZE } from "./page_authentication.ts"

/**
 * The kinds of file that the open algorithm tells apart. `fragment`: less than a page, which an engine
 * might take for a new database and write over.
 */
export type FileState = "absent" | "empty" | "fragment" | "plaintext" | "other"

/** What was found under the lock, before the key was asked for. */
export interface Found {
  readonly paths: DatabasePaths
  readonly file: FileState
  readonly hasLog: boolean
  readonly record: CreationRecord | undefined
}

const PLAINTEXT_HEADER = "SQLite format 3\0"
const JOURNAL_MAGIC: ReadonlyArray<number> = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]

/** Looks at the main file. Only while no connection of this process has it open. */
export function fileState(paths: DatabasePaths): FileState {
  const found = inspectPrivateFile(paths.main)
  if (found === undefined) return "absent"
  if (found.size === 0) return "empty"
  const header = readFirstBytes(paths.main, PLAINTEXT_HEADER.length)
  if (new TextDecoder("latin1").decode(header) === PLAINTEXT_HEADER) return "plaintext"
  return found.size < PAGE_SIZE ? "fragment" : "other"
}

/** True when a write-ahead log with content lies there. */
export const hasLog = (paths: DatabasePaths): boolean =>
  (inspectPrivateFile(paths.wal)?.size ?? 0) > 0

/** True when a rollback journal lies there that would be played back. */
export function hasHotJournal(paths: DatabasePaths): boolean {
  if ((inspectPrivateFile(paths.journal)?.size ?? 0) === 0) return false
  const magic = readFirstBytes(paths.journal, JOURNAL_MAGIC.length)
  return JOURNAL_MAGIC.every((byte, at) => magic[at] === byte)
}
