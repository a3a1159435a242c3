/**
 * One collection in memory: rows by key, and one sorted list per index.
 *
 * @module
 */
import {
  type Collection,
  compareScalars,
  compareText,
  type Position,
  type Range,
  type RowData,
  type Scalar,
  wordsOf,
} from "@mdk/core/services"

/**
 * A row as it is kept. `written` orders search results: it grows with every write, or is what
 * `searchOrder` says.
 */
export interface StoredRow {
  readonly key: string | number
  readonly written: number
  readonly columns: Readonly<Record<string, Scalar>>
  readonly value: Uint8Array
  readonly words: ReadonlySet<string>
}

/** A half-open interval of positions in a sorted list. */
export interface Interval {
  readonly start: number
  readonly end: number
}

const NO_WORDS: ReadonlySet<string> = new Set()

/** The rows of one collection. All arguments were validated before. */
export class Table {
  #collection: Collection
  readonly #rows: Map<string | number, StoredRow> = new Map()
  readonly #orders: Map<string, Array<StoredRow>> = new Map([["key", []]])
  readonly #recent: Array<StoredRow> = []
  #sequence = 0
  #written = 0

  constructor(collection: Collection) {
    this.#collection = collection
    this.extend(collection)
  }

  /** The declaration as it stands, with all indexes that were ever added. */
  get collection(): Collection {
    return this.#collection
  }

  /** Adopts a declaration with more indexes. */
  extend(collection: Collection): void {
    this.#collection = collection
    for (const index of Object.keys(collection.indexes)) {
      if (this.#orders.has(index)) continue
      const compare = (a: StoredRow, b: StoredRow) =>
        comparePositions(this.positionOf(index, a), this.positionOf(index, b))
      this.#orders.set(index, [...this.#rows.values()].sort(compare))
    }
  }

  /** The row with this key. */
  get(key: string | number): StoredRow | undefined {
    return this.#rows.get(key)
  }

  /** Inserts or replaces a row. */
  put(key: string | number, data: RowData): void {
    this.delete(key)
    const columns: Record<string, Scalar> = {}
    for (const name of Object.keys(this.#collection.columns)) {
      const value = data.columns?.[name] ?? null
      columns[name] = value instanceof Uint8Array ? value.slice() : value
    }
    const { searchOrder } = this.#collection
    const written = searchOrder === undefined ? ++this.#written : Number(columns[searchOrder])
    if (searchOrder !== undefined) this.#makeRoom(written)
    const row: StoredRow = {
      key,
      written,
      columns,
      value: data.value.slice(),
      words: data.text === undefined ? NO_WORDS : new Set(wordsOf(data.text)),
    }
    this.#rows.set(key, row)
    if (data.text !== undefined || searchOrder !== undefined) {
      this.#recent.splice(lowerBound(this.#recent, (other) => other.written < written), 0, row)
    }
    for (const [index, order] of this.#orders) {
      order.splice(this.#search(index, order, (at) => at < 0, row), 0, row)
    }
  }

  /** A number that orders search results belongs to one row. */
  #makeRoom(written: number): void {
    const other = this.#recent[lowerBound(this.#recent, (row) => row.written < written)]
    if (other?.written === written) this.delete(other.key)
  }

  /** Appends a row and returns its sequence number. */
  append(data: RowData): number {
    this.put(++this.#sequence, data)
    return this.#sequence
  }

  /** Deletes a row and zeroes its bytes; nothing happens when there is none. */
  delete(key: string | number): void {
    const row = this.#rows.get(key)
    if (row === undefined) return
    this.#rows.delete(key)
    for (const [index, order] of this.#orders) {
      order.splice(this.#search(index, order, (at) => at < 0, row), 1)
    }
    const at = lowerBound(this.#recent, (other) => other.written < row.written)
    if (this.#recent[at] === row) this.#recent.splice(at, 1)
    row.value.fill(0)
  }

  /** The rows of an index in ascending order. */
  order(index: string): ReadonlyArray<StoredRow> {
    return this.#orders.get(index) ?? []
  }

  /** Rows with text, in the order of search results: those that come last first. */
  get recent(): ReadonlyArray<StoredRow> {
    return this.#recent
  }

  /** Where a row stands in an index. */
  positionOf(index: string, row: StoredRow): Position {
    const columns = this.#collection.indexes[index] ?? []
    return { columns: columns.map((name) => row.columns[name] ?? null), key: row.key }
  }

  /** The part of an index that a range names. */
  interval(range: Range): Interval {
    const order = this.order(range.index)
    const side = (row: StoredRow) => this.#sideOf(range, row)
    const start = lowerBound(order, (row) => side(row) < 0)
    return { start, end: Math.max(start, lowerBound(order, (row) => side(row) <= 0)) }
  }

  /** How many rows of an index come before a position (`before`), or at most at it (`through`). */
  rank(index: string, position: Position, upTo: "before" | "through"): number {
    return lowerBound(this.order(index), (row) => {
      const order = comparePositions(this.positionOf(index, row), position)
      return upTo === "before" ? order < 0 : order <= 0
    })
  }

  /** Zeroes and drops everything. */
  wipe(): void {
    for (const row of this.#rows.values()) row.value.fill(0)
    this.#rows.clear()
    this.#recent.length = 0
    for (const order of this.#orders.values()) order.length = 0
  }

  /** A table of its own with the same rows. */
  copy(): Table {
    const copy = new Table(this.#collection)
    for (const row of this.#rows.values()) {
      const own = { ...row, value: row.value.slice() }
      copy.#rows.set(own.key, own)
    }
    for (const [index, order] of this.#orders) {
      copy.#orders.set(index, order.flatMap((row) => copy.#rows.get(row.key) ?? []))
    }
    copy.#recent.push(...this.#recent.flatMap((row) => copy.#rows.get(row.key) ?? []))
    copy.#sequence = this.#sequence
    copy.#written = this.#written
    return copy
  }

  #search(
    index: string,
    order: ReadonlyArray<StoredRow>,
    before: (comparison: number) => boolean,
    row: StoredRow,
  ): number {
    const position = this.positionOf(index, row)
    return lowerBound(
      order,
      (other) => before(comparePositions(this.positionOf(index, other), position)),
    )
  }

  /** -1 before the range, 0 inside, 1 behind it. Null is smaller than every bound. */
  #sideOf(range: Range, row: StoredRow): number {
    const equals = range.equals ?? []
    const position = range.index === "key"
      ? { columns: [row.key], key: row.key }
      : this.positionOf(range.index, row)
    for (const [at, value] of equals.entries()) {
      const order = compareScalars(position.columns[at] ?? null, value)
      if (order !== 0) return order
    }
    if (range.from === undefined && range.to === undefined) return 0
    const next = position.columns[equals.length] ?? null
    if (next === null) return -1
    if (range.from !== undefined && compareScalars(next, range.from) < 0) return -1
    return range.to !== undefined && compareScalars(next, range.to) >= 0 ? 1 : 0
  }
}

function comparePositions(a: Position, b: Position): number {
  for (const [at, value] of a.columns.entries()) {
    const order = compareScalars(value, b.columns[at] ?? null)
    if (order !== 0) return order
  }
  return typeof a.key === "string" && typeof b.key === "string"
    ? compareText(a.key, b.key)
    : Number(a.key) - Number(b.key)
}

/** The first position at which `before` is false. */
function lowerBound<T>(list: ReadonlyArray<T>, before: (item: T) => boolean): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (before(list[middle] as T)) low = middle + 1
    else high = middle
  }
  return low
}
