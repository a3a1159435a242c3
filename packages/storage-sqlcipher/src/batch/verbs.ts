/**
 * The interpreter of the five verbs, inside a transaction.
 *
 * @module
 */
import {
  type AppendVerb,
  type Batch,
  type Collection,
  compareBytes,
  type DeleteRangeVerb,
  type DeleteVerb,
  type ExpectVerb,
  type PutVerb,
  type RowData,
  wordsOf,
} from "@mdk/core/services"
import type { SqlConnection, SqlRow, SqlValue } from "../driver/port.ts"
import { fromClause, rangeCondition, whereClause } from "../read/range_sql.ts"
import { columnOf, keyColumnOf, searchTableOf, tableOf } from "../schema/names.ts"

/** How many rows of a searchable range are deleted at a time. */
const DELETE_CHUNK = 500

/** True when every `expect` of a batch holds. */
export const expectationsHold = (
  connection: SqlConnection,
  declared: ReadonlyMap<string, Collection>,
  batch: Batch,
): boolean =>
  batch.verbs.every((verb) => {
    const collection = declared.get(verb.collection)
    return verb.verb !== "expect" ||
      (collection !== undefined && holds(connection, collection, verb))
  })

function holds(connection: SqlConnection, collection: Collection, verb: ExpectVerb): boolean {
  const table = tableOf(collection)
  if (verb.is === "present" || verb.is === "absent") {
    const row = connection.prepare(`SELECT 1 AS n FROM ${table} WHERE key = ?`).get(verb.key)
    return (row !== undefined) === (verb.is === "present")
  }
  const row = connection.prepare(`SELECT value FROM ${table} WHERE key = ?`).get(verb.key)
  const value = row?.["value"]
  return value instanceof Uint8Array && compareBytes(value, verb.is.value) === 0
}

/** Runs the writing verbs of a valid batch in order; returns the appended sequence numbers. */
export function runVerbs(
  connection: SqlConnection,
  declared: ReadonlyMap<string, Collection>,
  batch: Batch,
): ReadonlyArray<number> {
  const appended: Array<number> = []
  for (const verb of batch.verbs) {
    const collection = declared.get(verb.collection)
    if (collection === undefined) continue
    switch (verb.verb) {
      case "expect":
        break
      case "put":
        put(connection, collection, verb)
        break
      case "append":
        appended.push(append(connection, collection, verb))
        break
      case "delete":
        deleteRow(connection, collection, verb)
        break
      case "deleteRange":
        deleteRange(connection, collection, verb)
    }
  }
  return appended
}

function put(connection: SqlConnection, collection: Collection, verb: PutVerb): void {
  // A searchable row that is written again is the newest one: it needs a new number.
  if (collection.searchable === true) {
    deleteRow(connection, collection, {
      verb: "delete",
      collection: collection.name,
      key: verb.key,
    })
  }
  const names = ["key", ...Object.keys(collection.columns).map(columnOf), "value"]
  const assignments = names.slice(1).map((name) => `${name} = excluded.${name}`)
  insert(connection, collection, names, [verb.key], verb, {
    conflict: collection.searchable === true
      ? ""
      : ` ON CONFLICT (key) DO UPDATE SET ${assignments.join(", ")}`,
  })
}

function append(connection: SqlConnection, collection: Collection, verb: AppendVerb): number {
  const names = [...Object.keys(collection.columns).map(columnOf), "value"]
  return insert(connection, collection, names, [], verb, { conflict: "" })
}

/** Inserts a row with its words; returns its number. */
function insert(
  connection: SqlConnection,
  collection: Collection,
  names: ReadonlyArray<string>,
  keys: ReadonlyArray<SqlValue>,
  data: RowData,
  options: { readonly conflict: string },
): number {
  const words = data.text === undefined ? "" : wordsOf(data.text).join(" ")
  const searchable = collection.searchable === true
  const columns = searchable ? [...names, "words"] : names
  const values: ReadonlyArray<SqlValue> = [
    ...keys,
    ...Object.keys(collection.columns).map((name) => data.columns?.[name] ?? null),
    data.value,
    ...(searchable ? [words === "" ? null : words] : []),
  ]
  const { lastRowId } = connection.prepare(
    `INSERT INTO ${tableOf(collection)} (${columns.join(", ")}) ` +
      `VALUES (${columns.map(() => "?").join(", ")})${options.conflict}`,
  ).run(...values)
  if (words !== "") {
    connection.prepare(`INSERT INTO ${searchTableOf(collection)} (rowid, words) VALUES (?, ?)`)
      .run(lastRowId, words)
  }
  return lastRowId
}

function deleteRow(connection: SqlConnection, collection: Collection, verb: DeleteVerb): void {
  const table = tableOf(collection)
  const column = keyColumnOf(collection)
  if (collection.searchable !== true) {
    connection.prepare(`DELETE FROM ${table} WHERE ${column} = ?`).run(verb.key)
    return
  }
  const row = connection.prepare(`SELECT seq, words FROM ${table} WHERE ${column} = ?`).get(
    verb.key,
  )
  if (row !== undefined) deleteSearchable(connection, collection, row)
}

function deleteSearchable(connection: SqlConnection, collection: Collection, row: SqlRow): void {
  const { seq = null, words = null } = row
  const search = searchTableOf(collection)
  if (words !== null) {
    connection.prepare(`INSERT INTO ${search} (${search}, rowid, words) VALUES ('delete', ?, ?)`)
      .run(seq, words)
  }
  connection.prepare(`DELETE FROM ${tableOf(collection)} WHERE seq = ?`).run(seq)
}

function deleteRange(
  connection: SqlConnection,
  collection: Collection,
  verb: DeleteRangeVerb,
): void {
  const condition = rangeCondition(collection, verb)
  const range = `FROM ${fromClause(collection, verb.index)}${whereClause(condition)}`
  if (collection.searchable !== true) {
    connection.prepare(`DELETE ${range}`).run(...condition.values)
    return
  }
  const next = connection.prepare(`SELECT seq, words ${range} LIMIT ${DELETE_CHUNK}`)
  for (;;) {
    const rows = next.all(...condition.values)
    if (rows.length === 0) return
    for (const row of rows) deleteSearchable(connection, collection, row)
  }
}
