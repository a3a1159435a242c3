/**
 * Writing and deleting single rows: the row, its value, its tokens.
 *
 * @module
 */
import { type Collection, compareScalars, type RowData, wordsOf } from "@mdk/core/services"
import type { SqlConnection, SqlRow, SqlValue } from "../driver/port.ts"
import type { SearchTokens } from "../erase/search_tokens.ts"
import type { ArenaContent, ValueArena } from "../erase/value_arena.ts"
import { columnOf, searchTableOf, tableOf } from "../schema/names.ts"

/** What writing needs. */
export interface Writer {
  readonly connection: SqlConnection
  readonly arena: ValueArena
  readonly tokens: SearchTokens
}

/** Inserts a row; returns its number. */
export function insertRow(
  writer: Writer,
  collection: Collection,
  key: string | undefined,
  data: RowData,
): number {
  const content = contentOf(data)
  const columns = Object.keys(collection.columns)
  const { searchOrder } = collection
  const number = searchOrder === undefined ? [] : [data.columns?.[searchOrder] ?? null]
  const names = [
    ...number.map(() => "seq"),
    ...(key === undefined ? [] : ["key"]),
    ...columns.map(columnOf),
    "place",
  ]
  const { lastRowId } = writer.connection.prepare(
    `INSERT INTO ${tableOf(collection)} (${names.join(", ")}) ` +
      `VALUES (${names.map(() => "?").join(", ")})`,
  ).run(
    ...number,
    ...(key === undefined ? [] : [key]),
    ...columns.map((name) => data.columns?.[name] ?? null),
    writer.arena.store(content),
  )
  if (content.words !== "") {
    writer.connection.prepare(
      `INSERT INTO ${searchTableOf(collection)} (rowid, tokens) VALUES (?, ?)`,
    ).run(lastRowId, writer.tokens.ofAll(content.words))
  }
  return lastRowId
}

/** Inserts or replaces the row with this key. */
export function putRow(writer: Writer, collection: Collection, key: string, data: RowData): void {
  const columns = Object.keys(collection.columns)
  const row = writer.connection.prepare(
    `SELECT ${["seq", "place", ...columns.map(columnOf)].join(", ")} ` +
      `FROM ${tableOf(collection)} WHERE key = ?`,
  ).get(key)
  // A searchable row that is written again needs a new number: it is the newest one, or ordered anew.
  if (row !== undefined && collection.searchable === true) deleteRow(writer, collection, row)
  makeRoom(writer, collection, data)
  if (row === undefined || collection.searchable === true) {
    insertRow(writer, collection, key, data)
    return
  }
  const place = writer.arena.replace(Number(row["place"]), contentOf(data))
  const changes: Array<readonly [column: string, value: SqlValue]> = []
  for (const name of columns) {
    const value = data.columns?.[name] ?? null
    if (compareScalars(row[`x_${name}`] ?? null, value) !== 0) {
      changes.push([columnOf(name), value])
    }
  }
  if (place !== row["place"]) changes.push(["place", place])
  if (changes.length === 0) return
  writer.connection.prepare(
    `UPDATE ${tableOf(collection)} SET ${changes.map(([name]) => `${name} = ?`).join(", ")} ` +
      `WHERE seq = ?`,
  ).run(...changes.map(([, value]) => value), row["seq"] ?? null)
}

/** A number that orders search results belongs to one row: who is written with it has it. */
function makeRoom(writer: Writer, collection: Collection, data: RowData): void {
  const { searchOrder } = collection
  if (searchOrder === undefined) return
  const other = writer.connection
    .prepare(`SELECT seq, place FROM ${tableOf(collection)} WHERE seq = ?`)
    .get(data.columns?.[searchOrder] ?? null)
  if (other !== undefined) deleteRow(writer, collection, other)
}

/** Deletes a row of which `seq` and `place` are known, and erases its value. */
export function deleteRow(writer: Writer, collection: Collection, row: SqlRow): void {
  const { arena, connection, tokens } = writer
  const seq = Number(row["seq"])
  const place = Number(row["place"])
  if (collection.searchable === true) {
    const { words } = arena.load(place)
    const search = searchTableOf(collection)
    if (words !== "") {
      connection.prepare(`INSERT INTO ${search} (${search}, rowid, tokens) VALUES ('delete', ?, ?)`)
        .run(seq, tokens.ofAll(words))
    }
  }
  arena.erase(place)
  connection.prepare(`DELETE FROM ${tableOf(collection)} WHERE seq = ?`).run(seq)
}

const contentOf = ({ text, value }: RowData): ArenaContent => ({
  value,
  words: text === undefined ? "" : wordsOf(text).join(" "),
})
