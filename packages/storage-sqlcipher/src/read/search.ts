/**
 * Full-text search, the row written last first.
 *
 * @module
 */
import {
  type Collection,
  decodeCursor,
  encodeCursor,
  isValidSearch,
  type Row,
  type RowPage,
  searchName,
  type SearchQuery,
  wordsOf,
} from "@mdk/core/services"
import type { SqlConnection, SqlValue } from "../driver/port.ts"
import { columnOf, rowColumnsOf, searchTableOf, tableOf } from "../schema/names.ts"
import { rowOf } from "./rows.ts"

// The cursor of a search is a write number, which has the shape of a log's key without columns.
const CURSOR_SHAPE = {
  collection: { kind: "log", name: "search", columns: {}, indexes: {} },
  columns: [],
} as const

/** Reads one page of a search; undefined when the call breaks the contract. */
export function readSearch(
  connection: SqlConnection,
  collection: Collection,
  query: SearchQuery,
): RowPage | undefined {
  if (!isValidSearch(collection, query)) return undefined
  const { cursor, limit, where } = query
  const words = wordsOf(query.text)
  const name = searchName(collection.name, words, where)
  const position = cursor === undefined ? undefined : decodeCursor(name, cursor, CURSOR_SHAPE)
  if (cursor !== undefined && position === undefined) return undefined
  if (words.length === 0) return { rows: [], cursors: [], more: false }

  const table = tableOf(collection)
  const index = searchTableOf(collection)
  const conditions = [`${index} MATCH ?`]
  // A word holds letters, digits and marks only, so quoting it is enough.
  const values: Array<SqlValue> = [words.map((word) => `"${word}"`).join(" AND ")]
  if (position !== undefined) {
    conditions.push(`${index}.rowid < ?`)
    values.push(position.key)
  }
  if (where !== undefined) {
    const column = `${table}.${columnOf(where.column)}`
    conditions.push(where.equals === null ? `${column} IS NULL` : `${column} = ?`)
    if (where.equals !== null) values.push(where.equals)
  }
  // CROSS JOIN keeps the full-text index outermost: it yields row numbers in the order asked for.
  const found = connection.prepare(
    `SELECT ${rowColumnsOf(collection, table)}, ${table}.seq AS written ` +
      `FROM ${index} CROSS JOIN ${table} ON ${table}.seq = ${index}.rowid ` +
      `WHERE ${conditions.join(" AND ")} ORDER BY ${index}.rowid DESC LIMIT ?`,
  ).all(...values, limit + 1)
  const rows: Array<Row> = []
  const cursors: Array<string> = []
  for (const row of found.slice(0, limit)) {
    rows.push(rowOf(collection, row))
    cursors.push(encodeCursor(name, { columns: [], key: Number(row["written"]) }))
  }
  return { rows, cursors, more: found.length > limit }
}
