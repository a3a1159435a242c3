/**
 * The interpreter of the five verbs, inside a transaction.
 *
 * @module
 */
import {
  type Batch,
  type Collection,
  compareBytes,
  type DeleteRangeVerb,
  type DeleteVerb,
  type ExpectVerb,
} from "@mdk/core/services"
import { fromClause, rangeCondition, whereClause } from "../read/range_sql.ts"
import { keyColumnOf, tableOf } from "../schema/names.ts"
import { deleteRow, insertRow, putRow, type Writer } from "./rows.ts"

/** How many rows of a range are deleted at a time. */
const DELETE_CHUNK = 500

/** True when every `expect` of a batch holds. */
export const expectationsHold = (
  writer: Writer,
  declared: ReadonlyMap<string, Collection>,
  batch: Batch,
): boolean =>
  batch.verbs.every((verb) => {
    const collection = declared.get(verb.collection)
    return verb.verb !== "expect" ||
      (collection !== undefined && holds(writer, collection, verb))
  })

function holds(writer: Writer, collection: Collection, verb: ExpectVerb): boolean {
  const row = writer.connection
    .prepare(`SELECT place FROM ${tableOf(collection)} WHERE key = ?`)
    .get(verb.key)
  if (verb.is === "absent") return row === undefined
  if (row === undefined) return false
  if (verb.is === "present") return true
  return compareBytes(writer.arena.load(Number(row["place"])).value, verb.is.value) === 0
}

/** Runs the writing verbs of a valid batch in order; returns the appended sequence numbers. */
export function runVerbs(
  writer: Writer,
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
        putRow(writer, collection, verb.key, verb)
        break
      case "append":
        appended.push(insertRow(writer, collection, undefined, verb))
        break
      case "delete":
        deleteByKey(writer, collection, verb)
        break
      case "deleteRange":
        deleteRange(writer, collection, verb)
    }
  }
  return appended
}

function deleteByKey(writer: Writer, collection: Collection, verb: DeleteVerb): void {
  const row = writer.connection.prepare(
    `SELECT seq, place FROM ${tableOf(collection)} WHERE ${keyColumnOf(collection)} = ?`,
  ).get(verb.key)
  if (row !== undefined) deleteRow(writer, collection, row)
}

function deleteRange(writer: Writer, collection: Collection, verb: DeleteRangeVerb): void {
  const condition = rangeCondition(collection, verb)
  const next = writer.connection.prepare(
    `SELECT r.seq, r.place FROM ${fromClause(collection, verb.index)}${whereClause(condition)} ` +
      `LIMIT ${DELETE_CHUNK}`,
  )
  for (;;) {
    const rows = next.all(...condition.values)
    for (const row of rows) deleteRow(writer, collection, row)
    if (rows.length < DELETE_CHUNK) return
  }
}
