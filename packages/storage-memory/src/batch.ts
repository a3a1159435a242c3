/**
 * The interpreter of the five verbs.
 *
 * @module
 */
import { type Batch, compareBytes, type ExpectVerb, type Verb } from "@mdk/core/services"
import type { DiskState } from "./disk.ts"

/** True when every `expect` of a batch holds. */
export function expectationsHold(disk: DiskState, batch: Batch): boolean {
  return batch.verbs.every((verb) => verb.verb !== "expect" || holds(disk, verb))
}

function holds(disk: DiskState, verb: ExpectVerb): boolean {
  const row = disk.table(verb.collection)?.get(verb.key)
  if (verb.is === "absent") return row === undefined
  if (row === undefined) return false
  return verb.is === "present" || compareBytes(row.value, verb.is.value) === 0
}

/** Runs a valid batch, which cannot fail any more; returns the appended sequence numbers. */
export function apply(disk: DiskState, batch: Batch): ReadonlyArray<number> {
  const appended: Array<number> = []
  for (const verb of batch.verbs) applyVerb(disk, verb, appended)
  return appended
}

function applyVerb(disk: DiskState, verb: Verb, appended: Array<number>): void {
  const table = disk.table(verb.collection)
  if (table === undefined) return
  switch (verb.verb) {
    case "expect":
      return
    case "put":
      return table.put(verb.key, verb)
    case "append":
      appended.push(table.append(verb))
      return
    case "delete":
      return table.delete(verb.key)
    case "deleteRange": {
      const { start, end } = table.interval(verb)
      for (const row of table.order(verb.index).slice(start, end)) table.delete(row.key)
    }
  }
}
