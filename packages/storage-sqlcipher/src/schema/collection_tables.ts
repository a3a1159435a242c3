/**
 * The tables and indexes of a collection.
 *
 * `seq` numbers rows in the order in which they were written, or by their `searchOrder`: the key of a log,
 * and the order of search results. `place` names the row of `mdk_values` that holds the value.
 *
 * @module
 */
import type { Collection } from "@mdk/core/services"
import type { SqlConnection } from "../driver/port.ts"
import { columnOf, indexOf, searchTableOf, tableOf } from "./names.ts"

const SQL_TYPES = { text: "TEXT", integer: "INTEGER", bytes: "BLOB" } as const

/** Creates the table of a new collection, with its full-text index; its indexes come extra. */
export function createTable(connection: SqlConnection, collection: Collection): void {
  const { columns, kind, searchable = false, searchOrder } = collection
  // Numbers are never given twice where somebody may have seen them: in logs and in search cursors.
  const isCounted = kind === "log" || (searchable && searchOrder === undefined)
  const definitions = [
    `seq INTEGER PRIMARY KEY${isCounted ? " AUTOINCREMENT" : ""}`,
    ...(kind === "keyed" ? ["key TEXT NOT NULL"] : []),
    ...Object.entries(columns).map(([name, type]) => `${columnOf(name)} ${SQL_TYPES[type]}`),
    "place INTEGER NOT NULL",
  ]
  connection.exec(`CREATE TABLE ${tableOf(collection)} (${definitions.join(", ")}) STRICT`)
  if (kind === "keyed") {
    connection.exec(
      `CREATE UNIQUE INDEX ${indexOf(collection, "key")} ON ${tableOf(collection)} (key)`,
    )
  }
  if (!searchable) return
  const search = searchTableOf(collection)
  // Tokens come folded, hashed and separated, and only their presence is asked for. The index keeps no
  // text: whoever deletes from it hands the same tokens in again. `detail=none` is the smallest, but with
  // `secure-delete` FTS5 then loses the later rows of a token that is deleted and inserted under one number
  // in one transaction; that happens only where the rows have numbers of their own.
  const detail = searchOrder === undefined ? "none" : "column"
  connection.exec(
    `CREATE VIRTUAL TABLE ${search} USING fts5(tokens, content='', detail=${detail}, columnsize=0, ` +
      `tokenize='ascii')`,
  )
  connection.exec(`INSERT INTO ${search}(${search}, rank) VALUES('secure-delete', 1)`)
}

/** Creates one index of a collection over the rows that are there. */
export function createIndex(connection: SqlConnection, collection: Collection, name: string): void {
  const columns = (collection.indexes[name] ?? []).map(columnOf)
  // In a log the row id, which every index ends with, is the key.
  const last = collection.kind === "keyed" ? ["key"] : []
  connection.exec(
    `CREATE INDEX ${indexOf(collection, name)} ON ${tableOf(collection)} ` +
      `(${[...columns, ...last].join(", ")})`,
  )
}
