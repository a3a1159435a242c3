/**
 * Keeping the write-ahead log small, and empty after an erasure.
 *
 * Frames of the log hold pages as they were: what a batch erased is still in them until they are
 * copied to the main file and the log is cut. That the log is not empty is the durable memory of it:
 * an opening that finds content in it empties it, so an erasure that a crash interrupted is finished
 * by the next opening.
 *
 * @module
 */
import { lstatSync } from "node:fs"
import type { SqlConnection } from "../driver/port.ts"

/** Bytes at which the log is emptied by force. */
export const WAL_BOUND_BYTES: number = 32 * 1024 * 1024

/** Commits between two looks at the size of the log. */
const COMMITS_BETWEEN_CHECKS = 64

/** The log of one connection. */
export class WriteAheadLog {
  readonly #connection: SqlConnection
  readonly #path: string | undefined
  readonly #patience: number
  #erasureIsDue = false
  #commits = 0

  /** @param path the log's file; undefined for a database in memory */
  constructor(connection: SqlConnection, path: string | undefined) {
    this.#connection = connection
    this.#path = path
    const patience = connection.prepare("PRAGMA busy_timeout").get()?.["timeout"]
    this.#patience = typeof patience === "number" ? patience : 0
  }

  /** True while erased content may still be in the log. */
  get erasureIsDue(): boolean {
    return this.#erasureIsDue
  }

  /** Notes a committed batch. */
  noteCommit(erase: boolean): void {
    this.#erasureIsDue ||= erase
    this.#commits += 1
  }

  /** Empties the log when an erasure is due or it has grown beyond its bound. */
  maintain(): void {
    if (this.#path === undefined) return
    const look = this.#commits % COMMITS_BETWEEN_CHECKS === 0
    if (this.#erasureIsDue || (look && sizeOf(this.#path) > WAL_BOUND_BYTES)) this.empty()
  }

  /**
   * Copies the log to the main file and cuts it to nothing. Never waits for a reader, which may stay
   * for as long as a backup takes.
   *
   * @returns false when another process reads from it; the erasure stays due and is tried again
   */
  empty(): boolean {
    if (this.#path === undefined) return true
    // Not prepared statements: SQLite sets this when it prepares, not when it runs.
    this.#connection.exec("PRAGMA busy_timeout=0")
    try {
      const answer = this.#connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()
      const isEmpty = answer?.["busy"] === 0
      this.#erasureIsDue = !isEmpty
      return isEmpty
    } finally {
      this.#connection.exec(`PRAGMA busy_timeout=${this.#patience}`)
    }
  }
}

function sizeOf(path: string): number {
  try {
    return lstatSync(path).size
  } catch {
    return 0
  }
}
