/**
 * The files of one database: all beside it, all named after it.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path"

/** Absolute paths of everything that belongs to one database. */
export interface DatabasePaths {
  /** The directory of all of them. */
  readonly directory: string
  /** The database itself. */
  readonly main: string
  /** Its write-ahead log. */
  readonly wal: string
  /** The index of the write-ahead log, shared memory between processes. */
  readonly shm: string
  /** A rollback journal: only while a database is created, or left by another program. */
  readonly journal: string
  /** The file whose exclusive transaction is the pen. */
  readonly lock: string
  /** The creation record. It holds no secret. */
  readonly record: string
  /** The next creation record, until it is complete. */
  readonly nextRecord: string
}

/**
 * Names the files of a database.
 *
 * @param path the database, absolute or relative to the working directory; symbolic links in it are
 * judged later
 */
export function databasePaths(path: string): DatabasePaths {
  const main = resolve(path)
  const directory = dirname(main)
  const beside = (suffix: string) => join(directory, basename(main) + suffix)
  return {
    directory,
    main,
    wal: beside("-wal"),
    shm: beside("-shm"),
    journal: beside("-journal"),
    lock: beside(".lock"),
    record: beside(".record.json"),
    nextRecord: beside(".record.json.next"),
  }
}
