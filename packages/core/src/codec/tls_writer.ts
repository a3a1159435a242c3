/**
 * Writer of the TLS presentation language as RFC 9420 section 2.1 uses it: big-endian integers, and
 * vectors whose length prefix is a QUIC variable-length integer in shortest form.
 *
 * A value that does not fit its field is a bug of the caller and throws a `RangeError`, never a
 * shortened encoding.
 *
 * @module
 */

/** Largest length that a vector can have: 2^30 - 1 bytes. */
export const maxVarint: number = 0x3fff_ffff

/**
 * Appends one structure from front to back. Methods return the writer, so that fields read in a row.
 *
 * The buffer may hold secrets: {@link TlsWriter.wipe} zeroes it, and a buffer that became too small
 * is zeroed when it is replaced.
 *
 * @example
 * ```ts
 * import { TlsWriter } from "@mdk/core/codec"
 *
 * const bytes = new TlsWriter().u16(1).opaqueV(new TextEncoder().encode("hi")).finish()
 * if (bytes.join() !== "0,1,2,104,105") throw new Error("unexpected")
 * ```
 */
export class TlsWriter {
  #buffer: Uint8Array
  #at = 0

  /**
   * Starts empty.
   *
   * @param capacity first size of the buffer in bytes; it grows as needed.
   */
  constructor(capacity: number = 256) {
    this.#buffer = new Uint8Array(capacity)
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#at
  }

  /** One byte: an integer from 0 to 255. */
  u8(value: number): this {
    checkInteger(value, 0xff)
    const at = this.#grow(1)
    this.#buffer[at] = value
    return this
  }

  /** Two bytes, big-endian: an integer from 0 to 65 535. */
  u16(value: number): this {
    checkInteger(value, 0xffff)
    const at = this.#grow(2)
    const b = this.#buffer
    b[at] = value >>> 8
    b[at + 1] = value
    return this
  }

  /** Four bytes, big-endian: an integer from 0 to 2^32 - 1. */
  u32(value: number): this {
    checkInteger(value, 0xffff_ffff)
    const at = this.#grow(4)
    const b = this.#buffer
    b[at] = value >>> 24
    b[at + 1] = value >>> 16
    b[at + 2] = value >>> 8
    b[at + 3] = value
    return this
  }

  /** Eight bytes, big-endian: a bigint from 0 to 2^64 - 1. */
  u64(value: bigint): this {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError("value does not fit u64")
    if (value <= 0xffff_ffffn) return this.u32(0).u32(Number(value))
    return this.u32(Number(value >> 32n)).u32(Number(value & 0xffff_ffffn))
  }

  /** Bytes as they are, without a length: `opaque x[N]`, or a structure encoded before. */
  opaque(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length)
    this.#buffer.set(bytes, at)
    return this
  }

  /** A variable-length integer in shortest form: an integer from 0 to 2^30 - 1. */
  varint(value: number): this {
    checkInteger(value, maxVarint)
    if (value < 0x40) return this.u8(value)
    if (value < 0x4000) return this.u16(value | 0x4000)
    return this.u32((value | 0x8000_0000) >>> 0)
  }

  /** `opaque x<V>`: length and bytes. */
  opaqueV(bytes: Uint8Array): this {
    return this.varint(bytes.length).opaque(bytes)
  }

  /** `T x<V>`: the length in bytes of all elements, then the elements as `write` writes them. */
  vector<T>(items: Iterable<T>, write: (writer: this, item: T) => void): this {
    const start = this.#open()
    for (const item of items) write(this, item)
    return this.#close(start)
  }

  /** A structure inside `opaque<V>`: its length, then whatever `write` writes. */
  framed(write: (writer: this) => void): this {
    const start = this.#open()
    write(this)
    return this.#close(start)
  }

  /** `optional<T>`: 0 for `undefined`, otherwise 1 and the value. */
  optional<T>(value: T | undefined, write: (writer: this, value: T) => void): this {
    if (value === undefined) return this.u8(0)
    this.u8(1)
    write(this, value)
    return this
  }

  /** A copy of everything written, of exactly that length. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#at)
  }

  /** A window on everything written: valid until the next write or {@link TlsWriter.wipe}. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#at)
  }

  /** Zeroes the buffer and starts again with an empty one of the same capacity. */
  wipe(): void {
    this.#buffer.fill(0)
    this.#at = 0
  }

  // Most vectors are short: one byte is kept for the prefix, longer content moves up at the end.
  #open(): number {
    return this.#grow(1)
  }

  #close(start: number): this {
    const length = this.#at - start - 1
    const prefix = length < 0x40 ? 1 : length < 0x4000 ? 2 : 4
    if (prefix > 1) {
      this.#grow(prefix - 1)
      this.#buffer.copyWithin(start + prefix, start + 1, start + 1 + length)
    }
    const end = this.#at
    this.#at = start
    this.varint(length)
    this.#at = end
    return this
  }

  #grow(length: number): number {
    const at = this.#at
    const needed = at + length
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2))
      larger.set(this.#buffer)
      this.#buffer.fill(0)
      this.#buffer = larger
    }
    this.#at = needed
    return at
  }
}

function checkInteger(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError("value does not fit its field")
  }
}

/**
 * Encodes one structure.
 *
 * @example
 * ```ts
 * import { encodeTls } from "@mdk/core/codec"
 *
 * const bytes = encodeTls((w) => w.vector([1, 2], (w, n) => w.u16(n)))
 * if (bytes.join() !== "4,0,1,0,2") throw new Error("unexpected")
 * ```
 */
export function encodeTls(write: (writer: TlsWriter) => void): Uint8Array {
  const writer = new TlsWriter()
  write(writer)
  return writer.finish()
}

/**
 * Encodes one structure that holds secrets: the working buffer is zeroed, the result belongs to the
 * caller, who zeroes it in turn.
 */
export function encodeSecretTls(write: (writer: TlsWriter) => void): Uint8Array {
  const writer = new TlsWriter()
  try {
    write(writer)
    return writer.finish()
  } finally {
    writer.wipe()
  }
}
