/**
 * What stands where the database belongs, without opening it as one.
 *
 * @module
 */
import type { Driver } from "../driver/port.ts"
import type { DatabasePaths } from "../files/database_paths.ts"
import { type FileIdentity, inspectPrivateFile, readFirstBytes } from "../files/private_file.ts"
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
  /** Which file was judged, or created since; undefined while there is none. */
  readonly identity: FileIdentity | undefined
  readonly hasLog: boolean
  readonly record: CreationRecord | undefined
}

const PLAINTEXT_HEADER = "SQLite format 3\0"
const JOURNAL_MAGIC: ReadonlyArray<number> = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]
/** Where the header of a journal says how many pages the file had: after magic, count and nonce. */
const JOURNAL_PAGES_BEFORE = 16
const JOURNAL_HEADER_LENGTH = 20

/** What a file is, and which file that was said of. */
export type Judged = Pick<Found, "file" | "identity">

/** Judges the main file. Only while no connection of this process has it open. */
export function judgeFile(paths: DatabasePaths): Judged {
  const found = inspectPrivateFile(paths.main)
  if (found === undefined) return { file: "absent", identity: undefined }
  if (found.size === 0) return { file: "empty", identity: found.identity }
  const { bytes, identity } = readFirstBytes(paths.main, PLAINTEXT_HEADER.length)
  const isPlaintext = new TextDecoder("latin1").decode(bytes) === PLAINTEXT_HEADER
  const file = isPlaintext ? "plaintext" : found.size < PAGE_SIZE ? "fragment" : "other"
  return { file, identity }
}

/** What the main file is. Only while no connection of this process has it open. */
export const fileState = (paths: DatabasePaths): FileState => judgeFile(paths).file

/** True when a write-ahead log with content lies there. */
export const hasLog = (paths: DatabasePaths): boolean =>
  (inspectPrivateFile(paths.wal)?.size ?? 0) > 0

/**
 * True when a rollback journal lies there that the engine must not play back: an unfinished transaction
 * on encrypted pages, which genuine SQLCipher and the default engine check each in its own way.
 *
 * One of an unencrypted file is the same to both. One of a file that was empty, as the creation of a
 * database leaves it when it is killed, holds no page.
 */
export function hasForeignJournal(driver: Driver, paths: DatabasePaths): boolean {
  if (driver.name === "sqlcipher") return false
  if ((inspectPrivateFile(paths.journal)?.size ?? 0) === 0) return false
  const { bytes } = readFirstBytes(paths.journal, JOURNAL_HEADER_LENGTH)
  if (!JOURNAL_MAGIC.every((byte, at) => bytes[at] === byte)) return false
  const pagesBefore = bytes.subarray(JOURNAL_PAGES_BEFORE, JOURNAL_HEADER_LENGTH)
  return pagesBefore.some((byte) => byte !== 0) && fileState(paths) !== "plaintext"
}
