/**
 * The order of rows, and cursors: positions in that order as opaque text.
 *
 * @module
 */
import type { Collection, Range, Scalar } from "./storage_batch.ts"

/** Compares texts by their UTF-8 bytes, which is the order of code points. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

// UTF-16 puts surrogates below U+E000; code points put what they stand for above U+FFFF.
const rank = (unit: number): number =>
  unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit

/** Compares byte strings as `memcmp` does, the shorter first when one begins with the other. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Compares two values of one column: null first, then by the rule of the type. */
export function compareScalars(a: Scalar, b: Scalar): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1)
  if (typeof a === "string" && typeof b === "string") return compareText(a, b)
  if (typeof a === "number" && typeof b === "number") return a < b ? -1 : a > b ? 1 : 0
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b)
  throw new TypeError("values of different types are not of one column")
}

/** A place between rows: the values of an index's columns, and the key. */
export interface Position {
  /** Values of the columns of the index, in order; empty for the index `"key"`. */
  readonly columns: ReadonlyArray<Scalar>
  /** The key, or the sequence number in a `log`. */
  readonly key: string | number
}

/**
 * Names a range for its cursors: equal for equal ranges (order, limit and cursor do not count),
 * different for others but for the odds of a 53-bit hash.
 */
export function rangeName(collection: string, range: Range): string {
  const { index, equals = [], from, to } = range
  return fingerprint(JSON.stringify([
    collection,
    index,
    equals.map(toJson),
    from === undefined ? 0 : toJson(from),
    to === undefined ? 0 : toJson(to),
  ]))
}

/** Names a search for its cursors, as {@link rangeName} does for ranges. */
export function searchName(
  collection: string,
  words: ReadonlyArray<string>,
  where: { readonly column: string; readonly equals: Scalar } | undefined,
): string {
  return fingerprint(JSON.stringify([
    collection,
    words,
    where === undefined ? 0 : [where.column, toJson(where.equals)],
  ]))
}

/**
 * Writes a cursor: URL-safe text. It holds the column values and the key of its row, so it is as
 * confidential as the row.
 *
 * @param name the {@link rangeName} or {@link searchName} it belongs to
 */
export function encodeCursor(name: string, position: Position): string {
  const json = JSON.stringify([name, position.columns.map(toJson), position.key])
  const ascii = json.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )
  return btoa(ascii).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}

/**
 * Reads a cursor back; undefined when it is not one of this name, or not a cursor at all.
 *
 * @param shape the collection and the columns of the index, which say what types must come out
 */
export function decodeCursor(
  name: string,
  cursor: string,
  shape: { readonly collection: Collection; readonly columns: ReadonlyArray<string> },
): Position | undefined {
  const parsed = parse(cursor)
  if (!Array.isArray(parsed) || parsed.length !== 3 || parsed[0] !== name) return undefined
  const [, values, key] = parsed as ReadonlyArray<unknown>
  if (!Array.isArray(values) || values.length !== shape.columns.length) return undefined
  const keyType = shape.collection.kind === "log" ? "number" : "string"
  if ((typeof key !== "string" && typeof key !== "number") || typeof key !== keyType) {
    return undefined
  }
  const columns: Array<Scalar> = []
  for (const [at, column] of shape.columns.entries()) {
    const scalar = fromJson(shape.collection.columns[column], values[at])
    if (scalar === undefined) return undefined
    columns.push(scalar)
  }
  return { columns, key }
}

function parse(cursor: string): unknown {
  if (typeof cursor !== "string" || cursor.length > 1 << 20) return undefined
  try {
    return JSON.parse(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")))
  } catch {
    return undefined
  }
}

const toJson = (value: Scalar): string | number | null | [string] =>
  value instanceof Uint8Array ? [hex(value)] : value

function fromJson(type: string | undefined, value: unknown): Scalar | undefined {
  if (value === null) return null
  if (type === "text" && typeof value === "string") return value
  if (type === "integer" && typeof value === "number") return value
  if (type !== "bytes" || !Array.isArray(value) || typeof value[0] !== "string") return undefined
  if (value[0].length % 2 !== 0 || !/^[0-9a-f]*$/.test(value[0])) return undefined
  return Uint8Array.from(value[0].match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

const hex = (bytes: Uint8Array): string => {
  let text = ""
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0")
  return text
}

/** A 53-bit hash (two 32-bit multiplicative lanes), in base 36; guards against mix-ups, not malice. */
function fingerprint(text: string): string {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    high = Math.imul(high ^ unit, 2654435761)
    low = Math.imul(low ^ unit, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36)
}
