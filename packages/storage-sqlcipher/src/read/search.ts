/**
 * Full-text search in the order of row numbers: of writing, or of the collection's `searchOrder`.
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
import type { SqlConnection, SqlRow, SqlValue } from "../driver/port.ts"
import type { SearchTokens } from "../erase/search_tokens.ts"
import { decode } from "../erase/value_arena.ts"
import { columnOf, rowColumnsOf, searchTableOf, tableOf, WITH_VALUES } from "../schema/names.ts"
import { rowOf } from "./rows.ts"

// The cursor of a search is a write number, which has the shape of a log's key without columns.
const CURSOR_SHAPE = {
  collection: { kind: "log", name: "search", columns: {}, indexes: {} },
  columns: [],
} as const

/** Reads one page of a search; undefined when the call breaks the contract. */
export function readSearch(
  connection: SqlConnection,
  tokens: SearchTokens,
  collection: Collection,
  query: SearchQuery,
): RowPage | undefined {
  if (!isValidSearch(collection, query)) return undefined
  const { cursor, limit, order = "descending", where } = query
  const words = wordsOf(query.text)
  const name = searchName(collection.name, words, where)
  const position = cursor === undefined ? undefined : decodeCursor(name, cursor, CURSOR_SHAPE)
  if (cursor !== undefined && position === undefined) return undefined

  const rows: Array<Row> = []
  const cursors: Array<string> = []
  const start = order === "descending" ? Number.MAX_SAFE_INTEGER : 0
  let behind = position === undefined ? start : Number(position.key)
  let ended = words.length === 0
  while (!ended && rows.length <= limit) {
    const wanted = limit + 1 - rows.length
    const found = hits(connection, collection, {
      tokens: words.map((word) => tokens.of(word)),
      where,
      order,
      behind,
      limit: wanted,
    })
    for (const row of found) {
      behind = Number(row["written"])
      // Two words may share a token: the words themselves decide.
      if (!hasWords(row["value"], words)) continue
      rows.push(rowOf(collection, row))
      cursors.push(encodeCursor(name, { columns: [], key: behind }))
    }
    ended = found.length < wanted
  }
  const more = rows.length > limit
  return { rows: rows.slice(0, limit), cursors: cursors.slice(0, limit), more }
}

interface HitQuery {
  readonly tokens: ReadonlyArray<string>
  readonly where: SearchQuery["where"]
  readonly order: "ascending" | "descending"
  readonly behind: number
  readonly limit: number
}

function hits(
  connection: SqlConnection,
  collection: Collection,
  { behind, limit, order, tokens, where }: HitQuery,
): ReadonlyArray<SqlRow> {
  const index = searchTableOf(collection)
  const column = where === undefined ? "" : `r.${columnOf(where.column)}`
  const restriction = where === undefined
    ? ""
    : ` AND ${column} ${where.equals === null ? "IS NULL" : "= ?"}`
  const values: ReadonlyArray<SqlValue> = where === undefined || where.equals === null
    ? []
    : [where.equals]
  const [later, direction] = order === "descending" ? ["<", "DESC"] : [">", "ASC"]
  // CROSS JOIN keeps the full-text index outermost: it yields row numbers in the order asked for.
  return connection.prepare(
    `SELECT ${rowColumnsOf(collection)}, r.seq AS written ` +
      `FROM ${index} CROSS JOIN ${tableOf(collection)} AS r ON r.seq = ${index}.rowid ` +
      `${WITH_VALUES} WHERE ${index} MATCH ? AND ${index}.rowid ${later} ?${restriction} ` +
      `ORDER BY ${index}.rowid ${direction} LIMIT ?`,
  ).all(tokens.join(" AND "), behind, ...values, limit)
}

function hasWords(value: SqlValue | undefined, words: ReadonlyArray<string>): boolean {
  if (!(value instanceof Uint8Array)) return false
  const present = new Set(decode(value).words.split(" "))
  return words.every((word) => present.has(word))
}
