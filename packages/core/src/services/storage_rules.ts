/**
 * What makes a call of the storage contract valid: one reading of the bounds for every adapter.
 *
 * Pure checks over the values of {@link Batch}, {@link Range} and {@link Collection}. An adapter that
 * gets `false` fails with the reason `invalid` before it touches anything.
 *
 * @module
 */
import { MAX_PAGE, type PageQuery, type SearchQuery } from "./storage.ts"
import {
  type Batch,
  type Collection,
  MAX_BATCH_BYTES,
  MAX_BATCH_VERBS,
  type Range,
  type RowData,
  type Scalar,
  type Verb,
} from "./storage_batch.ts"

/** Most UTF-8 bytes in a key of a `keyed` row. */
export const MAX_KEY_BYTES = 512

/** Most bytes (UTF-8, for text) in one lookup column. */
export const MAX_SCALAR_BYTES = 4096

/** Most bytes in one value, and UTF-8 bytes in one searchable text. */
export const MAX_VALUE_BYTES: number = 16 * 1024 * 1024

/** Most UTF-16 units in the text of a {@link SearchQuery}. */
export const MAX_SEARCH_LENGTH = 256

/** How many committed batch ids every adapter remembers at least. */
export const REMEMBERED_BATCHES = 1024

const NAME = /^[a-z][a-z0-9_]{0,40}$/
const BATCH_ID = /^[0-9a-f]{32}$/
const TYPES: ReadonlySet<string> = new Set(["text", "integer", "bytes"])

/** Bytes of a text in UTF-8, or -1 when it has a lone surrogate and therefore no UTF-8 form. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (unit < 0xd800 || unit > 0xdfff) bytes += 3
    else {
      const low = unit < 0xdc00 ? text.charCodeAt(i + 1) : NaN
      if (!(low >= 0xdc00 && low <= 0xdfff)) return -1
      bytes += 4
      i++
    }
  }
  return bytes
}

/** Checks a key of a `keyed` row: 1 to {@link MAX_KEY_BYTES} UTF-8 bytes, no NUL. */
export function isValidKey(key: unknown): key is string {
  if (typeof key !== "string" || key.includes("\0")) return false
  const bytes = utf8Length(key)
  return bytes >= 1 && bytes <= MAX_KEY_BYTES
}

/** Checks a key for a collection: a text for `keyed`, a sequence number (from 1) for `log`. */
export function isValidKeyOf(collection: Collection, key: unknown): key is string | number {
  return collection.kind === "keyed"
    ? isValidKey(key)
    : Number.isSafeInteger(key) && (key as number) > 0
}

/** Checks a value of a lookup column of the given type; null is of every type. */
export function isValidScalar(type: "text" | "integer" | "bytes", value: unknown): boolean {
  if (value === null) return true
  if (type === "integer") return Number.isSafeInteger(value)
  if (type === "bytes") return value instanceof Uint8Array && value.length <= MAX_SCALAR_BYTES
  if (typeof value !== "string") return false
  const bytes = utf8Length(value)
  return bytes >= 0 && bytes <= MAX_SCALAR_BYTES
}

/** Checks a declaration: names, types, and indexes over declared columns without repetition. */
export function isValidCollection(collection: Collection): boolean {
  if (!NAME.test(collection.name)) return false
  if (collection.kind !== "keyed" && collection.kind !== "log") return false
  for (const [name, type] of Object.entries(collection.columns)) {
    if (!NAME.test(name) || !TYPES.has(type)) return false
  }
  for (const [name, columns] of Object.entries(collection.indexes)) {
    if (!NAME.test(name) || name === "key" || columns.length === 0) return false
    if (new Set(columns).size !== columns.length) return false
    if (!columns.every((column) => Object.hasOwn(collection.columns, column))) return false
  }
  const { searchOrder } = collection
  if (searchOrder === undefined) return true
  return collection.kind === "keyed" && collection.searchable === true &&
    Object.hasOwn(collection.columns, searchOrder) && collection.columns[searchOrder] === "integer"
}

/**
 * Joins a declaration with the one that the database holds: the known indexes and the new ones.
 * Undefined when they contradict each other (kind, columns, searchability and its order, or an index of
 * the same name over other columns).
 */
export function joinDeclarations(known: Collection, next: Collection): Collection | undefined {
  if (known.name !== next.name || known.kind !== next.kind) return undefined
  if ((known.searchable === true) !== (next.searchable === true)) return undefined
  if (known.searchOrder !== next.searchOrder) return undefined
  const columns = Object.entries(known.columns)
  if (columns.length !== Object.keys(next.columns).length) return undefined
  if (!columns.every(([name, type]) => next.columns[name] === type)) return undefined
  for (const [name, list] of Object.entries(next.indexes)) {
    const before = known.indexes[name]
    if (before !== undefined && before.join() !== list.join()) return undefined
  }
  return { ...known, indexes: { ...known.indexes, ...next.indexes } }
}

/** Checks a range against its collection: index, prefix and the types of its bounds. */
export function isValidRange(collection: Collection, range: Range): boolean {
  const { equals = [], from, to, index } = range
  if (index === "key") {
    if (equals.length > 0) return false
    return [from, to].every((bound) =>
      bound === undefined ||
      (collection.kind === "log" ? Number.isSafeInteger(bound) : isValidScalar("text", bound))
    )
  }
  const columns = Object.hasOwn(collection.indexes, index) ? collection.indexes[index] : undefined
  if (columns === undefined || equals.length > columns.length) return false
  const typeAt = (at: number): "text" | "integer" | "bytes" | undefined => {
    const column = columns[at]
    return column === undefined ? undefined : collection.columns[column]
  }
  const prefixIsValid = equals.every((value, at) => {
    const type = typeAt(at)
    return type !== undefined && isValidScalar(type, value)
  })
  if (!prefixIsValid) return false
  const next = typeAt(equals.length)
  return [from, to].every((bound) =>
    bound === undefined || (next !== undefined && bound !== null && isValidScalar(next, bound))
  )
}

/** Checks the number of rows that a read asks for. */
export function isValidLimit(limit: number): boolean {
  return Number.isSafeInteger(limit) && limit >= 1 && limit <= MAX_PAGE
}

/** Checks a page query, except for its cursor. */
export function isValidPageQuery(collection: Collection, query: PageQuery): boolean {
  return isValidLimit(query.limit) && isValidRange(collection, query) &&
    isValidOrder(query.order)
}

const isValidOrder = (order: string | undefined): boolean =>
  order === undefined || order === "ascending" || order === "descending"

/** Checks a search, except for its cursor. */
export function isValidSearch(collection: Collection, query: SearchQuery): boolean {
  if (collection.searchable !== true || !isValidLimit(query.limit)) return false
  if (!isValidOrder(query.order)) return false
  if (typeof query.text !== "string" || query.text.length > MAX_SEARCH_LENGTH) return false
  if (query.where === undefined) return true
  const { column, equals } = query.where
  const type = Object.hasOwn(collection.columns, column) ? collection.columns[column] : undefined
  return type !== undefined && isValidScalar(type, equals) &&
    searchableColumns(collection).includes(column)
}

/** The columns that a search may be restricted to: those that start a declared index, sorted. */
export function searchableColumns(collection: Collection): ReadonlyArray<string> {
  const first = Object.values(collection.indexes).map((columns) => columns[0])
  return [...new Set(first.filter((column) => column !== undefined))].sort()
}

/** Bytes of one row that count towards {@link MAX_BATCH_BYTES}, or -1 when the row is not valid. */
function rowBytes(collection: Collection, row: RowData): number {
  if (!(row.value instanceof Uint8Array) || row.value.length > MAX_VALUE_BYTES) return -1
  let bytes = row.value.length
  for (const [name, value] of Object.entries(row.columns ?? {})) {
    const type = Object.hasOwn(collection.columns, name) ? collection.columns[name] : undefined
    if (type === undefined || !isValidScalar(type, value)) return -1
    bytes += scalarBytes(value)
  }
  if (collection.searchOrder !== undefined) {
    const number = row.columns?.[collection.searchOrder]
    if (typeof number !== "number" || number < 1) return -1
  }
  if (row.text === undefined) return bytes
  if (collection.searchable !== true || typeof row.text !== "string") return -1
  const text = utf8Length(row.text)
  return text < 0 || text > MAX_VALUE_BYTES ? -1 : bytes + text
}

const scalarBytes = (value: Scalar): number =>
  typeof value === "string" ? value.length : value instanceof Uint8Array ? value.length : 8

function verbBytes(verb: Verb, collection: Collection): number {
  switch (verb.verb) {
    case "expect":
      if (collection.kind !== "keyed" || !isValidKey(verb.key)) return -1
      if (verb.is === "present" || verb.is === "absent") return 0
      return verb.is.value instanceof Uint8Array ? 0 : -1
    case "put":
      return collection.kind === "keyed" && isValidKey(verb.key) ? rowBytes(collection, verb) : -1
    case "append":
      return collection.kind === "log" ? rowBytes(collection, verb) : -1
    case "delete":
      return isValidKeyOf(collection, verb.key) ? 0 : -1
    case "deleteRange":
      return isValidRange(collection, verb) ? 0 : -1
    default:
      return -1
  }
}

/**
 * Checks a batch whole: id, bounds, and every verb against its collection.
 *
 * @param declared the collections that are usable now, by name
 */
export function isValidBatch(batch: Batch, declared: ReadonlyMap<string, Collection>): boolean {
  if (!BATCH_ID.test(batch.id) || batch.verbs.length > MAX_BATCH_VERBS) return false
  let total = 0
  for (const verb of batch.verbs) {
    const collection = declared.get(verb.collection)
    const bytes = collection === undefined ? -1 : verbBytes(verb, collection)
    if (bytes < 0) return false
    total += bytes
    if (total > MAX_BATCH_BYTES) return false
  }
  return true
}
