/**
 * Rows of SQL as rows of the contract.
 *
 * @module
 */
import type { Collection, Position, Row, Scalar } from "@mdk/core/services"
import { refusal } from "../driver/failure.ts"
import { decode } from "../erase/value_arena.ts"
import type { SqlRow } from "../driver/port.ts"
import { keyColumnOf } from "../schema/names.ts"

/** Reads a row of a collection. Throws `damaged` for one that has not the shape of its declaration. */
export function rowOf(collection: Collection, row: SqlRow): Row {
  const key = row[keyColumnOf(collection)]
  const value = row["value"]
  if (typeof key !== "string" && typeof key !== "number") throw refusal("read", "damaged")
  if ((typeof key === "string") !== (collection.kind === "keyed")) throw refusal("read", "damaged")
  if (!(value instanceof Uint8Array)) throw refusal("read", "damaged")
  const columns: Record<string, Scalar> = {}
  for (const name of Object.keys(collection.columns)) columns[name] = row[`x_${name}`] ?? null
  return { key, columns, value: decode(value).value }
}

/** Where a row stands in an index. */
export const positionOf = (row: Row, columns: ReadonlyArray<string>): Position => ({
  columns: columns.map((name) => row.columns[name] ?? null),
  key: row.key,
})
