/**
 * What a database holds, as counts and digests by table: equal before and after a copy.
 *
 * A virtual table is compared by its definition and by its shadow tables, which hold its content.
 *
 * @module
 */
import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import type { SqlConnection } from "../driver/port.ts"
import { attempt } from "./attempt.ts"
import type { OnProgress } from "./progress.ts"

const ROWS_AT_ONCE = 256

/** What the digest of one table is. */
export interface TableDigest {
  readonly name: string
  readonly rows: number
  /** SHA-256 in hex. */
  readonly digest: string
}

/** The content of a database. */
export interface ContentDigest {
  /** SHA-256 over the definitions of all tables, indexes, views and triggers, in hex. */
  readonly schema: string
  readonly tables: ReadonlyArray<TableDigest>
}

/** Quotes a name for SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** The ordinary tables of a database, SQLite's own sequence table included, by name. */
export function ordinaryTables(connection: SqlConnection): ReadonlyArray<string> {
  return connection.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND " +
      "(name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name = 'sqlite_sequence') ORDER BY name",
  ).all().map((row) => String(row["name"]))
}

/** Reads everything. */
export const digestContent = Effect.fnUntraced(
  function* (connection: SqlConnection, onProgress: OnProgress) {
    const names = yield* attempt(() => ordinaryTables(connection))
    const schema = yield* attempt(() => digestSchema(connection))
    const tables: Array<TableDigest> = []
    for (const name of names) {
      yield* attempt(() =>
        onProgress({ step: "check-content", done: tables.length, total: names.length })
      )
      tables.push(yield* digestTable(connection, name))
    }
    yield* attempt(() =>
      onProgress({ step: "check-content", done: names.length, total: names.length })
    )
    return { schema, tables } satisfies ContentDigest
  },
) as (
  connection: SqlConnection,
  onProgress: OnProgress,
) => Effect.Effect<ContentDigest, StorageError>

/** True when two databases hold the same. */
export const isSameContent = (a: ContentDigest, b: ContentDigest): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

function digestSchema(connection: SqlConnection): string {
  const hash = createHash("sha256")
  const rows = connection.prepare(
    "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name",
  ).all()
  for (const row of rows) {
    hash.update(JSON.stringify([row["type"], row["name"], row["tbl_name"], row["sql"]]))
  }
  for (const pragma of ["user_version", "application_id", "encoding", "auto_vacuum"]) {
    hash.update(JSON.stringify(connection.prepare(`PRAGMA ${pragma}`).get() ?? null))
  }
  return hash.digest("hex")
}

const digestTable = Effect.fnUntraced(function* (connection: SqlConnection, name: string) {
  const hash = createHash("sha256")
  const read = yield* attempt(() => readerOf(connection, name))
  let rows = 0
  for (;;) {
    const piece = yield* attempt(read)
    for (const text of piece) hash.update(text).update("\n")
    rows += piece.length
    if (piece.length < ROWS_AT_ONCE) break
    yield* Effect.yieldNow
  }
  return { name, rows, digest: hash.digest("hex") } satisfies TableDigest
})

/** Reads the rows of a table in the order of its tree, piece by piece, each as text that says it all. */
function readerOf(connection: SqlConnection, name: string): () => ReadonlyArray<string> {
  const columns = connection.prepare("SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1")
    .all(name).map((row) => quoted(String(row["name"])))
  const cells = columns.map((column) => `typeof(${column}) || ':' || quote(${column})`)
    .join(" || ',' || ")
  const table = `${quoted(name)} NOT INDEXED`
  const withoutRowId =
    connection.prepare("SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'")
      .get(name)?.["wr"] === 1
  if (withoutRowId) {
    let offset = 0
    const statement = connection.prepare(`SELECT ${cells} AS text FROM ${table} LIMIT ? OFFSET ?`)
    return () => {
      const rows = statement.all(ROWS_AT_ONCE, offset)
      offset += rows.length
      return rows.map((row) => String(row["text"]))
    }
  }
  let last = -Number.MAX_SAFE_INTEGER
  const statement = connection.prepare(
    `SELECT _rowid_ AS id, ${cells} AS text FROM ${table} WHERE _rowid_ > ? ORDER BY _rowid_ LIMIT ?`,
  )
  return () => {
    const rows = statement.all(last, ROWS_AT_ONCE)
    last = Number(rows.at(-1)?.["id"] ?? last)
    return rows.map((row) => `${row["text"]}`)
  }
}
