/**
 * Ranges and cursors as SQL conditions that an index answers from end to end.
 *
 * A cursor splits the rest of a range into segments: first the rows that share all of its column
 * values and have a later key, then those that share all but the last column, and so on. Each of them
 * is one contiguous run of the index, so a page costs as much as the rows it returns.
 *
 * @module
 */
import type { Collection, Position, Range, Scalar } from "@mdk/core/services"
import type { SqlValue } from "../driver/port.ts"
import { columnOf, indexOf, keyColumnOf, tableOf } from "../schema/names.ts"

/** Conditions joined by AND, with their parameters. */
export interface Condition {
  readonly sql: ReadonlyArray<string>
  readonly values: ReadonlyArray<SqlValue>
}

/** The columns behind an index, empty for `"key"`. */
export const indexColumns = (collection: Collection, index: string): ReadonlyArray<string> =>
  index === "key" ? [] : collection.indexes[index] ?? []

/** The rows `r` of a collection, by the index that must be used. */
export const fromClause = (collection: Collection, index: string): string => {
  const table = tableOf(collection)
  const isRowId = index === "key" && collection.kind === "log"
  return `${table} AS r${isRowId ? "" : ` INDEXED BY ${indexOf(collection, index)}`}`
}

/** `WHERE` of some conditions, empty when there is none. */
export const whereClause = (condition: Condition): string =>
  condition.sql.length === 0 ? "" : ` WHERE ${condition.sql.join(" AND ")}`

const equality = (column: string, value: Scalar): Condition =>
  value === null
    ? { sql: [`${column} IS NULL`], values: [] }
    : { sql: [`${column} = ?`], values: [value] }

const join = (...conditions: ReadonlyArray<Condition>): Condition => ({
  sql: conditions.flatMap(({ sql }) => sql),
  values: conditions.flatMap(({ values }) => values),
})

const compare = (column: string, operator: string, value: SqlValue): Condition => ({
  sql: [`${column} ${operator} ?`],
  values: [value],
})

const NOTHING: Condition = { sql: [], values: [] }

/** The column that a range's bounds are about: the one after its prefix, or the key. */
function boundColumn(collection: Collection, range: Range): string {
  const next = indexColumns(collection, range.index)[range.equals?.length ?? 0]
  return next === undefined ? keyColumnOf(collection) : columnOf(next)
}

/** A whole range. */
export function rangeCondition(collection: Collection, range: Range): Condition {
  const columns = indexColumns(collection, range.index)
  const bound = boundColumn(collection, range)
  return join(
    ...(range.equals ?? []).map((value, at) => equality(columnOf(columns[at] ?? ""), value)),
    range.from === undefined ? NOTHING : compare(bound, ">=", range.from),
    range.to === undefined ? NOTHING : compare(bound, "<", range.to),
  )
}

/** `ORDER BY` of a range: the columns after its prefix, then the key. */
export function orderClause(
  collection: Collection,
  range: Range,
  order: "ascending" | "descending",
): string {
  const direction = order === "descending" ? " DESC" : ""
  const rest = indexColumns(collection, range.index).slice(range.equals?.length ?? 0).map(columnOf)
  return ` ORDER BY ${
    [...rest, keyColumnOf(collection)].map((name) => name + direction).join(", ")
  }`
}

/** What is left of a range behind a position, as segments in the order of the read. */
export function segmentsBehind(
  collection: Collection,
  range: Range,
  order: "ascending" | "descending",
  position: Position,
): ReadonlyArray<Condition> {
  const prefix = range.equals?.length ?? 0
  const rest = indexColumns(collection, range.index).slice(prefix)
  const values = position.columns.slice(prefix)
  const later = order === "descending" ? "<" : ">"
  const whole = rangeCondition(collection, range)
  const segments: Array<Condition> = []
  const shared = (count: number) =>
    join(
      whole,
      ...rest.slice(0, count).map((name, at) => equality(columnOf(name), values[at] ?? null)),
    )
  segments.push(join(shared(rest.length), compare(keyColumnOf(collection), later, position.key)))
  for (let at = rest.length - 1; at >= 0; at--) {
    const column = columnOf(rest[at] ?? "")
    const value = values[at] ?? null
    // Null comes before every other value, and outside of every bound.
    const mayBeNull = at > 0 || (range.from === undefined && range.to === undefined)
    if (order === "ascending") {
      const behind = value === null
        ? { sql: [`${column} IS NOT NULL`], values: [] }
        : compare(column, ">", value)
      segments.push(join(shared(at), behind))
    } else if (value !== null) {
      segments.push(join(shared(at), compare(column, "<", value)))
      if (mayBeNull) segments.push(join(shared(at), equality(column, null)))
    }
  }
  return segments
}
