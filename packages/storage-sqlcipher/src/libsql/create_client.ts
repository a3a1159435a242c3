/**
 * Creates a client: the one line that differs from a program for `@libsql/client`.
 *
 * @module
 */
import { type Client, type IntMode, LibsqlError } from "@libsql/core/api"
import { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { loadDriver } from "../driver/load.ts"
import type { Driver } from "../driver/port.ts"
import { closeSync } from "node:fs"
import { databasePaths } from "../files/database_paths.ts"
import { securePrivateDirectory } from "../files/private_directory.ts"
import { createPrivateFile, tightenPrivateFile } from "../files/private_file.ts"
import { hasForeignJournal } from "../open/file_state.ts"
import { EncryptedClient } from "./client.ts"

/** What a client opens. */
export interface EncryptedClientConfig {
  /**
   * Path of the database file, in a directory that is this user's alone (made when it is missing). The
   * file is made with mode 0600 when it is missing. A database of an account is refused.
   */
  readonly path: string
  /**
   * The raw 256-bit key, 32 bytes. The bytes stay the caller's and are read for every connection:
   * zero them after the last `close`.
   */
  readonly key: Redacted.Redacted<Uint8Array>
  /** How integers are read; default `number`. */
  readonly intMode?: IntMode
  /** How long a call waits for other processes, in milliseconds; default 5000. */
  readonly timeout?: number
}

/**
 * Opens an encrypted file as a `Client` of `@libsql/core/api`.
 *
 * Rejects with a `LibsqlError`: `SQLITE_NOTADB` for a wrong key or a file that is no database,
 * `CORE_DATABASE` for the database of an account, `SQLITE_CANTOPEN` for files and directories that are
 * not acceptable and beside a hot rollback journal, `UNSUPPORTED_RUNTIME` where the engine cannot be loaded.
 *
 * @example
 * ```ts ignore
 * import { createClient } from "@mdk/storage-sqlcipher/libsql"
 * import * as Redacted from "effect/Redacted"
 *
 * const client = await createClient({ path: "notes/notes.db", key: Redacted.make(key) })
 * await client.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT)")
 * await client.execute({ sql: "INSERT INTO notes VALUES (?)", args: ["buy carrots"] })
 * ```
 */
export async function createClient(config: EncryptedClientConfig): Promise<Client> {
  const driver = await driverOrFailure()
  const paths = databasePaths(config.path)
  try {
    securePrivateDirectory(paths.directory)
    const descriptor = createPrivateFile(paths.main)
    if (descriptor !== undefined) closeSync(descriptor)
    for (const path of [paths.main, paths.wal, paths.shm, paths.journal]) tightenPrivateFile(path)
    // This engine reads the rollback journals of genuine SQLCipher wrongly, and would ruin the file.
    if (hasForeignJournal(driver, paths)) throw new Error("hot journal")
  } catch {
    throw new LibsqlError("the file or its directory is not acceptable", "SQLITE_CANTOPEN")
  }
  return new EncryptedClient(
    () =>
      driver.open({
        path: paths.main,
        encryption: { kind: "sqlcipher", key: Redacted.value(config.key) },
        ...(config.timeout === undefined ? {} : { busyTimeout: config.timeout }),
      }),
    config.intMode ?? "number",
  )
}

const driverOrFailure = (): Promise<Driver> =>
  Effect.runPromise(Effect.result(loadDriver())).then((loaded) => {
    if (loaded._tag === "Success") return loaded.success
    throw new LibsqlError(
      loaded.failure instanceof StorageError ? loaded.failure.message : "no engine",
      "UNSUPPORTED_RUNTIME",
    )
  })
