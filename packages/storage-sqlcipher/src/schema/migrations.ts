/**
 * The tables of this package itself, and how they came to be: numbered steps, each in one transaction.
 *
 * @module
 */
import type { EntropyService } from "@mdk/core/services"
import type { SqlConnection } from "../driver/port.ts"
import { createTokenKey } from "../erase/search_tokens.ts"

/** One step from a schema version to the next. */
export interface Migration {
  /** The version that the file has afterwards. */
  readonly version: number
  /** Runs inside the step's own transaction. */
  readonly run: (connection: SqlConnection, entropy: EntropyService) => void
}

/** All steps, in order, without gaps from 1. */
export const MIGRATIONS: ReadonlyArray<Migration> = [
  {
    version: 1,
    run: (connection, entropy) => {
      connection.exec(
        "CREATE TABLE mdk_meta (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) " +
          "STRICT, WITHOUT ROWID",
      )
      connection.exec(
        "CREATE TABLE mdk_collections (name TEXT PRIMARY KEY NOT NULL, declaration TEXT NOT NULL) " +
          "STRICT, WITHOUT ROWID",
      )
      connection.exec(
        "CREATE TABLE mdk_batches (number INTEGER PRIMARY KEY, id TEXT NOT NULL, " +
          "appended TEXT NOT NULL) STRICT",
      )
      connection.exec(
        "CREATE TABLE mdk_values (id INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT",
      )
      connection.exec(
        "CREATE TABLE mdk_free (size INTEGER PRIMARY KEY, first INTEGER NOT NULL) STRICT",
      )
      connection.exec(
        "CREATE TABLE mdk_keys (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT",
      )
      createTokenKey(connection, entropy)
    },
  },
]

/** What a file is to this package. */
export type SchemaState =
  | { readonly kind: "empty" }
  | { readonly kind: "foreign" }
  | { readonly kind: "ours"; readonly version: number }

/** Tells an empty file, one of ours and somebody else's apart. */
export function schemaState(connection: SqlConnection): SchemaState {
  const tables = connection.prepare(
    "SELECT count(*) AS n, sum(name = 'mdk_meta') AS ours FROM sqlite_schema WHERE type = 'table'",
  ).get()
  if (tables?.["n"] === 0) return { kind: "empty" }
  if (tables?.["ours"] !== 1) return { kind: "foreign" }
  return { kind: "ours", version: readMeta(connection, "schema_version") ?? 0 }
}

/**
 * Brings a file to the newest version.
 *
 * @param onStep is told before each step
 * @returns the state that the file had before; `newer` when it is beyond the last step (unchanged)
 */
export function migrate(
  connection: SqlConnection,
  entropy: EntropyService,
  migrations: ReadonlyArray<Migration> = MIGRATIONS,
  onStep: (version: number) => void = () => {},
): SchemaState | { readonly kind: "newer" } {
  const state = schemaState(connection)
  if (state.kind === "foreign") return state
  const version = state.kind === "ours" ? state.version : 0
  if (version > (migrations.at(-1)?.version ?? 0)) return { kind: "newer" }
  for (const migration of migrations) {
    if (migration.version <= version) continue
    onStep(migration.version)
    inTransaction(connection, () => {
      migration.run(connection, entropy)
      writeMeta(connection, "schema_version", migration.version)
    })
  }
  return state
}

/** What `mdk_meta` holds. */
export type MetaName = "schema_version" | "generation" | "restored"

/** Reads a number of `mdk_meta`. */
export function readMeta(connection: SqlConnection, name: MetaName): number | undefined {
  const value = connection.prepare("SELECT value FROM mdk_meta WHERE name = ?").get(name)?.["value"]
  return typeof value === "number" ? value : undefined
}

/** Writes a number of `mdk_meta`. */
export function writeMeta(connection: SqlConnection, name: MetaName, value: number): void {
  connection.prepare(
    "INSERT INTO mdk_meta (name, value) VALUES (?, ?) " +
      "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  ).run(name, value)
}

/** Runs a body in one `BEGIN IMMEDIATE`; all of it or nothing. */
export function inTransaction<A>(connection: SqlConnection, body: () => A): A {
  connection.prepare("BEGIN IMMEDIATE").run()
  try {
    const result = body()
    connection.prepare("COMMIT").run()
    return result
  } catch (error) {
    connection.rollback()
    throw error
  }
}
