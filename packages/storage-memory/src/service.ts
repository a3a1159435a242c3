/**
 * The storage service over a {@link DiskState}.
 *
 * @module
 */
import {
  type Batch,
  type Collection,
  compareScalars,
  decodeCursor,
  encodeCursor,
  isValidBatch,
  isValidCollection,
  isValidKeyOf,
  isValidPageQuery,
  isValidRange,
  isValidSearch,
  joinDeclarations,
  MAX_PAGE,
  type PageQuery,
  type Range,
  rangeName,
  type Row,
  type RowPage,
  searchName,
  type SearchQuery,
  StorageError,
  type StorageErrorFields,
  type StorageErrorReason,
  type StorageService,
  wordsOf,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { apply, expectationsHold } from "./batch.ts"
import type { DiskState } from "./disk.ts"
import type { StoredRow, Table } from "./table.ts"

type Operation = StorageErrorFields["operation"]

/** A service on an acquired disk; `close` ends it. */
export function makeService(
  disk: DiskState,
): { readonly service: StorageService; readonly close: () => void } {
  const declared = new Map<string, Collection>()
  let open = true
  let uncertain: string | undefined

  const fail = (operation: Operation, reason: StorageErrorReason) =>
    Effect.fail(new StorageError({ operation, reason }))

  const tableOf = (name: string): Table | undefined =>
    declared.has(name) ? disk.table(name) : undefined

  /** Runs a read when the pen is ours and the query is valid; undefined means `invalid`. */
  const reading = <A>(body: () => A | undefined): Effect.Effect<A, StorageError> =>
    Effect.suspend(() => {
      if (!open || uncertain !== undefined) return fail("read", "closed")
      const fault = disk.meet("read")
      if (fault !== undefined) return fail("read", fault.reason)
      const result = body()
      return result === undefined ? fail("read", "invalid") : Effect.succeed(result)
    })

  const service: StorageService = {
    condition: { restored: disk.restored, generation: disk.generation },
    acknowledgeRestore: Effect.suspend(() => {
      if (!open || uncertain !== undefined) return fail("maintain", "closed")
      return Effect.sync(() => disk.acknowledgeRestore())
    }),
    declare: Effect.fn("Storage.declare")(function* (collections: ReadonlyArray<Collection>) {
      if (!open || uncertain !== undefined) return yield* fail("declare", "closed")
      if (!collections.every(isValidCollection)) return yield* fail("declare", "invalid")
      if (!disk.declare(collections)) return yield* fail("declare", "newer-schema")
      for (const collection of collections) {
        const before = declared.get(collection.name)
        const joined = before === undefined ? collection : joinDeclarations(before, collection)
        declared.set(collection.name, joined ?? collection)
      }
    }),
    get: (collection: string, key: string | number) =>
      reading(() => {
        const table = tableOf(collection)
        if (table === undefined || !isValidKeyOf(table.collection, key)) return undefined
        return Option.map(Option.fromNullishOr(table.get(key)), toRow)
      }),
    getMany: (collection: string, keys: ReadonlyArray<string | number>) =>
      reading(() => {
        const table = tableOf(collection)
        if (table === undefined || keys.length > MAX_PAGE) return undefined
        if (!keys.every((key) => isValidKeyOf(table.collection, key))) return undefined
        const rows = new Map<string | number, Row>()
        for (const key of keys) {
          const row = table.get(key)
          if (row !== undefined) rows.set(key, toRow(row))
        }
        return rows
      }),
    page: (collection: string, query: PageQuery) =>
      reading(() => {
        const table = tableOf(collection)
        return table === undefined ? undefined : readPage(table, query)
      }),
    count: (collection: string, range: Range, atMost: number) =>
      reading(() => {
        const table = tableOf(collection)
        if (table === undefined || !Number.isSafeInteger(atMost) || atMost < 0) return undefined
        if (!isValidRange(table.collection, range)) return undefined
        const { start, end } = table.interval(range)
        return Math.min(atMost, end - start)
      }),
    search: (collection: string, query: SearchQuery) =>
      reading(() => {
        const table = tableOf(collection)
        return table === undefined ? undefined : readSearch(table, query)
      }),
    commit: Effect.fn("Storage.commit")(function* (batch: Batch) {
      if (!open || (uncertain !== undefined && uncertain !== batch.id)) {
        return yield* fail("commit", "closed")
      }
      if (!isValidBatch(batch, declared)) return yield* fail("commit", "invalid")
      const before = disk.committed(batch.id)
      if (before !== undefined) {
        uncertain = undefined
        return { appended: before.appended, repeated: true }
      }
      const fault = disk.meet("commit")
      if (fault !== undefined && fault.reason !== "outcome-unknown") {
        return yield* fail("commit", fault.reason)
      }
      if (!expectationsHold(disk, batch)) {
        uncertain = undefined
        return yield* fail("commit", "conflict")
      }
      uncertain = fault === undefined ? undefined : batch.id
      if (fault !== undefined && fault.applied !== true) {
        return yield* fail("commit", "outcome-unknown")
      }
      const appended = apply(disk, batch)
      disk.remember(batch.id, { appended, repeated: false })
      if (fault !== undefined) return yield* fail("commit", "outcome-unknown")
      return { appended, repeated: false }
    }),
  }
  return {
    service,
    close: () => {
      open = false
    },
  }
}

const toRow = (row: StoredRow): Row => ({
  key: row.key,
  columns: Object.fromEntries(
    Object.entries(row.columns).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? value.slice() : value,
    ]),
  ),
  value: row.value.slice(),
})

function readPage(table: Table, query: PageQuery): RowPage | undefined {
  if (!isValidPageQuery(table.collection, query)) return undefined
  const name = rangeName(table.collection.name, query)
  const columns = table.collection.indexes[query.index] ?? []
  const descending = query.order === "descending"
  let { start, end } = table.interval(query)
  if (query.cursor !== undefined) {
    const shape = { collection: table.collection, columns }
    const position = decodeCursor(name, query.cursor, shape)
    if (position === undefined) return undefined
    if (descending) end = Math.min(end, table.rank(query.index, position, "before"))
    else start = Math.max(start, table.rank(query.index, position, "through"))
  }
  const size = Math.max(0, end - start)
  const taken = Math.min(query.limit, size)
  const order = table.order(query.index)
  const rows = descending
    ? order.slice(end - taken, end).reverse()
    : order.slice(start, start + taken)
  return {
    rows: rows.map(toRow),
    cursors: rows.map((row) => encodeCursor(name, table.positionOf(query.index, row))),
    more: size > taken,
  }
}

// The cursor of a search is a write number, which has the shape of a log's key without columns.
const searchShape = { kind: "log", name: "search", columns: {}, indexes: {} } as const

function readSearch(table: Table, query: SearchQuery): RowPage | undefined {
  if (!isValidSearch(table.collection, query)) return undefined
  const words = wordsOf(query.text)
  const name = searchName(table.collection.name, words, query.where)
  const descending = query.order !== "ascending"
  let last = descending ? Infinity : -Infinity
  if (query.cursor !== undefined) {
    const shape = { collection: searchShape, columns: [] }
    const position = decodeCursor(name, query.cursor, shape)
    if (position === undefined) return undefined
    last = Number(position.key)
  }
  const found: Array<StoredRow> = []
  const where = query.where
  const size = words.length === 0 ? 0 : table.recent.length
  for (let n = 0; n < size && found.length <= query.limit; n++) {
    const row = table.recent[descending ? size - 1 - n : n]
    if (row === undefined || (descending ? row.written >= last : row.written <= last)) continue
    if (!words.every((word) => row.words.has(word))) continue
    if (
      where !== undefined && compareScalars(row.columns[where.column] ?? null, where.equals) !== 0
    ) {
      continue
    }
    found.push(row)
  }
  const rows = found.slice(0, query.limit)
  return {
    rows: rows.map(toRow),
    cursors: rows.map((row) => encodeCursor(name, { columns: [], key: row.written })),
    more: found.length > rows.length,
  }
}
