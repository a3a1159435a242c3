/**
 * The bounded reads: one row, several, a page, a count.
 *
 * Every function answers undefined when the call breaks the contract.
 *
 * @module
 */
import {
  type Collection,
  decodeCursor,
  encodeCursor,
  isValidKeyOf,
  isValidPageQuery,
  isValidRange,
  MAX_PAGE,
  type PageQuery,
  type Range,
  rangeName,
  type Row,
  type RowPage,
} from "@mdk/core/services"
import * as Option from "effect/Option"
import type { SqlConnection } from "../driver/port.ts"
import { keyColumnOf, rowColumnsOf, WITH_VALUES } from "../schema/names.ts"
import {
  fromClause,
  indexColumns,
  orderClause,
  rangeCondition,
  segmentsBehind,
  whereClause,
} from "./range_sql.ts"
import { positionOf, rowOf } from "./rows.ts"

/** Reads one row by key. */
export function readRow(
  connection: SqlConnection,
  collection: Collection,
  key: string | number,
): Option.Option<Row> | undefined {
  if (!isValidKeyOf(collection, key)) return undefined
  const row = byKey(connection, collection).get(key)
  return row === undefined ? Option.none() : Option.some(rowOf(collection, row))
}

/** Reads several rows by key. */
export function readRows(
  connection: SqlConnection,
  collection: Collection,
  keys: ReadonlyArray<string | number>,
): ReadonlyMap<string | number, Row> | undefined {
  if (keys.length > MAX_PAGE || !keys.every((key) => isValidKeyOf(collection, key))) {
    return undefined
  }
  const statement = byKey(connection, collection)
  const rows = new Map<string | number, Row>()
  for (const key of keys) {
    const row = statement.get(key)
    if (row !== undefined) rows.set(key, rowOf(collection, row))
  }
  return rows
}

const byKey = (connection: SqlConnection, collection: Collection) =>
  connection.prepare(
    `SELECT ${rowColumnsOf(collection)} FROM ${fromClause(collection, "key")} ${WITH_VALUES} ` +
      `WHERE r.${keyColumnOf(collection)} = ?`,
  )

/** Reads one page of a range. */
export function readPage(
  connection: SqlConnection,
  collection: Collection,
  query: PageQuery,
): RowPage | undefined {
  if (!isValidPageQuery(collection, query)) return undefined
  const { cursor, limit, order = "ascending" } = query
  const name = rangeName(collection.name, query)
  const columns = indexColumns(collection, query.index)
  const position = cursor === undefined
    ? undefined
    : decodeCursor(name, cursor, { collection, columns })
  if (cursor !== undefined && position === undefined) return undefined
  const segments = position === undefined
    ? [rangeCondition(collection, query)]
    : segmentsBehind(collection, query, order, position)
  const rows: Array<Row> = []
  for (const segment of segments) {
    // One row more than asked for tells whether there are more.
    const found = connection.prepare(
      `SELECT ${rowColumnsOf(collection)} FROM ${fromClause(collection, query.index)} ` +
        `${WITH_VALUES}${whereClause(segment)}` +
        `${orderClause(collection, query, order)} LIMIT ?`,
    ).all(...segment.values, limit + 1 - rows.length)
    for (const row of found) rows.push(rowOf(collection, row))
    if (rows.length > limit) break
  }
  const more = rows.length > limit
  if (more) rows.pop()
  return {
    rows,
    cursors: rows.map((row) => encodeCursor(name, positionOf(row, columns))),
    more,
  }
}

/** Counts the rows of a range, at most up to a bound. */
export function countRows(
  connection: SqlConnection,
  collection: Collection,
  range: Range,
  atMost: number,
): number | undefined {
  if (!Number.isSafeInteger(atMost) || atMost < 0) return undefined
  if (!isValidRange(collection, range)) return undefined
  const condition = rangeCondition(collection, range)
  const row = connection.prepare(
    `SELECT count(*) AS n FROM (SELECT 1 FROM ${fromClause(collection, range.index)}` +
      `${whereClause(condition)} LIMIT ?)`,
  ).get(...condition.values, atMost)
  return Number(row?.["n"])
}
