/**
 * Where a life has its files.
 *
 * @module
 */
import { join } from "node:path"

/** The files of one life. */
export interface Places {
  /** The database. */
  readonly database: string
  /** The key store. */
  readonly keys: string
  /** A backup. */
  readonly backup: (name: string) => string
  /** The directory of backups. */
  readonly backups: string
  /** The processes' folder for temporary files. */
  readonly temporary: string
}

/** Names them. */
export const placesIn = (directory: string): Places => ({
  database: join(directory, "account", "chat.db"),
  keys: join(directory, "keys.json"),
  backups: join(directory, "backups"),
  temporary: join(directory, "temporary"),
  backup: (name) => join(directory, "backups", `${name}.db`),
})
