/**
 * What a database is: tables, counts, settings and sizes; never what stands in it.
 *
 * @module
 */
import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { statSync } from "node:fs"
import { failureOf, refusal } from "../driver/failure.ts"
import { loadDriver } from "../driver/load.ts"
import type { Driver, Encryption, SqlConnection } from "../driver/port.ts"
import type { DatabasePaths } from "../files/database_paths.ts"
import { isMissing } from "../files/private_file.ts"
import { fileState, hasForeignJournal } from "../open/file_state.ts"
import { examinePages } from "../open/page_authentication.ts"
import { readMeta, schemaState } from "../schema/migrations.ts"
import { attempt } from "./attempt.ts"
import { beside, besideConnection } from "./beside.ts"
import { quoted } from "./content_digest.ts"
import { keyBytes, openFile } from "./exclusive.ts"
import type { LifecycleOptions } from "./options.ts"
import { privateCopy } from "./private_copy.ts"

/** Which file, and its key. */
export interface InspectOptions extends Pick<LifecycleOptions, "path" | "driver"> {
  /** The 32 bytes of its key, which stay the caller's; left out for a file that is not encrypted. */
  readonly key?: Redacted.Redacted<Uint8Array>
}

/** One table. */
export interface InspectedTable {
  /** Its name. */
  readonly name: string
  /** `virtual` tables keep their content in tables of their own, which are listed too. */
  readonly kind: "table" | "virtual"
  /** Undefined for a virtual table. */
  readonly rows: number | undefined
}

/** What a database is. */
export interface Inspected {
  /** Whose it is: this package's, that of the Rust MDK 0.8, or somebody else's. */
  readonly format: "mdk" | "mdk-rust-0.8" | "unknown"
  /** Whether a key was needed to read it. */
  readonly encrypted: boolean
  /** Version of this package's schema; undefined for others. */
  readonly schemaVersion: number | undefined
  /** How often it was opened; undefined for others. */
  readonly generation: number | undefined
  /** Whether it is a restored or copied database that nobody acknowledged; undefined for others. */
  readonly restored: boolean | undefined
  /** All tables, without SQLite's own. */
  readonly tables: ReadonlyArray<InspectedTable>
  /** Settings of the file as SQLite answers them. */
  readonly settings: Readonly<Record<string, string | number>>
  /** Bytes of the files; 0 for one that is not there. */
  readonly sizes: { readonly main: number; readonly wal: number; readonly journal: number }
}

const SETTINGS: ReadonlyArray<string> = [
  "page_size",
  "page_count",
  "freelist_count",
  "journal_mode",
  "encoding",
  "auto_vacuum",
  "user_version",
  "application_id",
]

/**
 * Inspects a database of ours where it is, also beside its live instance.
 *
 * Fails with `not-a-database` when there is none, `wrong-key`, `plaintext-file` when a key is given for
 * an unencrypted file, `damaged`, `busy` while somebody exchanges the file.
 */
export const inspectDatabase: (options: InspectOptions) => Effect.Effect<Inspected, StorageError> =
  Effect.fn("Storage.inspect")(function* (options) {
    const driver = yield* loadDriver(options.driver)
    const encryption = yield* encryptionOf(options.key)
    return yield* Effect.scoped(Effect.gen(function* () {
      const key = encryption.kind === "sqlcipher" ? encryption.key : undefined
      const place = yield* beside(driver, options.path, key)
      const connection = yield* besideConnection(driver, place, encryption)
      return yield* attempt(() => look(connection, encryption, place.paths))
    }))
  })

/**
 * Inspects somebody else's database file, such as one of the Rust MDK 0.8: on a private copy with its
 * sidecars, the originals are only read.
 *
 * A rollback journal with an unfinished transaction is played back by the engine that wrote it, which
 * is genuine SQLCipher: with the driver `sqlcipher` it is, on the copy; with the default one it fails
 * with `foreign-journal`. A copy of the index of a log is not used.
 *
 * Fails with `not-a-database` when there is no file or it is none, `wrong-key-or-damaged` when no page
 * is authentic under the key, `plaintext-file`, `damaged`, `busy` when the files change all the time.
 */
export const inspectForeignDatabase: (
  options: InspectOptions,
) => Effect.Effect<Inspected, StorageError> = Effect.fn("Storage.inspectForeign")(
  function* (options) {
    const driver = yield* loadDriver(options.driver)
    const encryption = yield* encryptionOf(options.key)
    return yield* Effect.scoped(Effect.gen(function* () {
      const copy = yield* privateCopy(options.path)
      const sizes = yield* attempt(() => sizesOf(copy))
      return yield* attempt(() => {
        judge(driver, copy, encryption)
        const connection = openFile(driver, copy.main, encryption, "read")
        try {
          return { ...look(connection, encryption, copy), sizes }
        } finally {
          connection.close()
        }
      })
    }))
  },
)

const encryptionOf = (
  key: Redacted.Redacted<Uint8Array> | undefined,
): Effect.Effect<Encryption, StorageError> =>
  key === undefined
    ? Effect.succeed({ kind: "none" })
    : Effect.map(keyBytes(key), (bytes): Encryption => ({ kind: "sqlcipher", key: bytes }))

function judge(driver: Driver, copy: DatabasePaths, encryption: Encryption): void {
  const state = fileState(copy)
  if (state === "empty" || state === "absent" || state === "fragment") {
    throw refusal("maintain", "not-a-database")
  }
  if (encryption.kind === "none") {
    if (state !== "plaintext") throw refusal("maintain", "not-a-database")
    return
  }
  if (state === "plaintext") throw refusal("maintain", "plaintext-file")
  if (hasForeignJournal(driver, copy)) {
    throw refusal("maintain", "foreign-journal")
  }
  if (!examinePages(copy.main, encryption.key).any) {
    throw refusal("maintain", "wrong-key-or-damaged")
  }
}

function look(
  connection: SqlConnection,
  encryption: Encryption,
  paths: DatabasePaths,
): Inspected {
  // One snapshot for all counts.
  connection.prepare("BEGIN").run()
  try {
    const state = schemaState(connection)
    const isOurs = state.kind === "ours"
    const tables = tablesOf(connection)
    return {
      format: isOurs ? "mdk" : isRustMdk(tables) ? "mdk-rust-0.8" : "unknown",
      encrypted: encryption.kind === "sqlcipher",
      schemaVersion: isOurs ? state.version : undefined,
      generation: isOurs ? readMeta(connection, "generation") : undefined,
      restored: isOurs ? readMeta(connection, "restored") === 1 : undefined,
      tables,
      settings: settingsOf(connection),
      sizes: sizesOf(paths),
    }
  } catch (error) {
    throw failureOf("maintain", error)
  } finally {
    connection.rollback()
  }
}

/** The tables by which the Rust MDK 0.8 is known: its own, its migrations' and those of its engine. */
const RUST_TABLES: ReadonlyArray<string> = [
  "_refinery_schema_history_nostr_mls",
  "group_exporter_secrets",
  "openmls_group_data",
  "processed_messages",
]

const isRustMdk = (tables: ReadonlyArray<InspectedTable>): boolean =>
  RUST_TABLES.every((name) => tables.some((table) => table.name === name))

function tablesOf(connection: SqlConnection): ReadonlyArray<InspectedTable> {
  const rows = connection.prepare(
    "SELECT name, rootpage FROM sqlite_schema WHERE type = 'table' ORDER BY name",
  ).all()
  return rows.map((row): InspectedTable => {
    const name = String(row["name"])
    if (row["rootpage"] === 0) return { name, kind: "virtual", rows: undefined }
    const count = connection.prepare(`SELECT count(*) AS n FROM ${quoted(name)}`).get()?.["n"]
    return { name, kind: "table", rows: Number(count) }
  })
}

function settingsOf(connection: SqlConnection): Readonly<Record<string, string | number>> {
  const settings: Record<string, string | number> = {}
  for (const name of SETTINGS) {
    const [value] = Object.values(connection.prepare(`PRAGMA ${name}`).get() ?? {})
    if (typeof value === "string" || typeof value === "number") settings[name] = value
  }
  return settings
}

function sizesOf(paths: DatabasePaths): Inspected["sizes"] {
  return { main: sizeOf(paths.main), wal: sizeOf(paths.wal), journal: sizeOf(paths.journal) }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch (error) {
    if (isMissing(error)) return 0
    throw error
  }
}
