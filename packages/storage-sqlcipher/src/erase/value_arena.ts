/**
 * Where values live: rows that never move, so that erasing one leaves no copy behind.
 *
 * `secure_delete` zeroes what is deleted, but when SQLite balances its pages it moves cells and leaves
 * their old bytes in the unused middle of the page they came from; whatever is deleted later survives
 * there. So values stand in a table of their own that only grows at its end (no cell ever moves), and
 * are overwritten in place by bytes of exactly the same size. Sizes come in steps of about an eighth, so
 * that a freed place serves the next value of its step; free places are chained through their content.
 *
 * Layout of a place: CRC-32 of all that follows (u32 BE), value length (u32 BE), words length (u32 BE),
 * value, words (UTF-8, separated by spaces), zeros. The checksum is there because SQLCipher hands out
 * a page that fails its HMAC as zeros, and says so only when the next page is asked for.
 *
 * Layout of a free place: zeros, but for the number of the next free one in its first 8 bytes (u64 BE).
 *
 * @module
 */
import { crc32 } from "node:zlib"
import type { SqlConnection } from "../driver/port.ts"

/** A value with the words of its text. */
export interface ArenaContent {
  readonly value: Uint8Array
  /** Folded words separated by spaces; empty where there is no text. */
  readonly words: string
}

const HEADER = 12
const SMALLEST = 32

/** The size of the place for so many bytes: the next of 32, 36, 40, ... each about an eighth larger. */
export function placeSize(bytes: number): number {
  if (bytes <= SMALLEST) return SMALLEST
  const step = 2 ** Math.max(0, Math.floor(Math.log2(bytes - 1)) - 3)
  return Math.ceil(bytes / step) * step
}

/** The values of one connection. All calls run inside the transaction of the caller. */
export class ValueArena {
  readonly #connection: SqlConnection
  readonly #free: Map<number, number> = new Map()

  constructor(connection: SqlConnection) {
    this.#connection = connection
  }

  /** Forgets what it knows of free places: after a rollback. */
  forget(): void {
    this.#free.clear()
  }

  /** Stores a value; returns the number of its place. */
  store(content: ArenaContent): number {
    const bytes = encode(content)
    const place = this.#first(bytes.length)
    if (place === 0) {
      return this.#connection.prepare("INSERT INTO mdk_values (value) VALUES (?)").run(bytes)
        .lastRowId
    }
    this.#setFirst(bytes.length, nextOf(this.#read(place)))
    this.#overwrite(place, bytes)
    return place
  }

  /** Replaces the value of a place; returns the number of the place where it is now. */
  replace(place: number, content: ArenaContent): number {
    const bytes = encode(content)
    if (this.#read(place).length !== bytes.length) {
      this.erase(place)
      return this.store(content)
    }
    this.#overwrite(place, bytes)
    return place
  }

  /** The content of a place. Its bytes belong to the caller. */
  load(place: number): ArenaContent {
    return decode(this.#read(place))
  }

  /** Overwrites a place with zeros and makes it free. */
  erase(place: number): void {
    const size = this.#read(place).length
    const bytes = new Uint8Array(size)
    new DataView(bytes.buffer).setBigUint64(0, BigInt(this.#first(size)))
    this.#overwrite(place, bytes)
    this.#setFirst(size, place)
  }

  #read(place: number): Uint8Array {
    const row = this.#connection.prepare("SELECT value FROM mdk_values WHERE id = ?").get(place)
    const value = row?.["value"]
    if (!(value instanceof Uint8Array)) throw new ArenaError()
    return value
  }

  /** Same size, same row, no index: SQLite writes over the cell and its overflow pages. */
  #overwrite(place: number, bytes: Uint8Array): void {
    this.#connection.prepare("UPDATE mdk_values SET value = ? WHERE id = ?").run(bytes, place)
  }

  /** The first free place of a size; 0 when there is none. */
  #first(size: number): number {
    const known = this.#free.get(size)
    if (known !== undefined) return known
    const row = this.#connection.prepare("SELECT first FROM mdk_free WHERE size = ?").get(size)
    const first = Number(row?.["first"] ?? 0)
    this.#free.set(size, first)
    return first
  }

  #setFirst(size: number, first: number): void {
    this.#free.set(size, first)
    this.#connection.prepare(
      "INSERT INTO mdk_free (size, first) VALUES (?, ?) " +
        "ON CONFLICT (size) DO UPDATE SET first = excluded.first",
    ).run(size, first)
  }
}

/** A row names a place that is not there, or that does not hold a value: the file is damaged. */
export class ArenaError extends Error {
  /** As an engine would say it. */
  readonly code = "SQLITE_CORRUPT"

  constructor() {
    super("a value is not where its row says")
    this.name = "ArenaError"
  }
}

function encode({ value, words }: ArenaContent): Uint8Array {
  const text = new TextEncoder().encode(words)
  const bytes = new Uint8Array(placeSize(HEADER + value.length + text.length))
  const view = new DataView(bytes.buffer)
  view.setUint32(4, value.length)
  view.setUint32(8, text.length)
  bytes.set(value, HEADER)
  bytes.set(text, HEADER + value.length)
  view.setUint32(0, crc32(bytes.subarray(4)))
  return bytes
}

/** Reads a place as it was selected; the value is a view of the same memory. */
export function decode(bytes: Uint8Array): ArenaContent {
  if (bytes.length < SMALLEST) throw new ArenaError()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = HEADER + view.getUint32(4)
  const wordsEnd = end + view.getUint32(8)
  if (wordsEnd > bytes.length || view.getUint32(0) !== crc32(bytes.subarray(4))) {
    throw new ArenaError()
  }
  const words = wordsEnd === end ? "" : new TextDecoder().decode(bytes.subarray(end, wordsEnd))
  return { value: bytes.subarray(HEADER, end), words }
}

function nextOf(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0))
}
