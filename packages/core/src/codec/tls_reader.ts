/**
 * Strict reader of the TLS presentation language as RFC 9420 section 2.1 uses it: big-endian
 * integers, and vectors whose length prefix is a QUIC variable-length integer in shortest form.
 *
 * Every failure is a {@link DecodeError}. A length is compared with what is really there before
 * anything is allocated, so that hostile input cannot ask for more memory than it is long itself.
 *
 * @module
 */
import { DecodeError, type DecodeReason } from "./decode_error.ts"

/** Bounds of a {@link TlsReader}. */
export interface TlsReaderOptions {
  /**
   * Largest length, in bytes, that one variable-size vector may declare; default 16 MiB. A longer
   * one is refused with `limit`, even when the bytes are there.
   */
  readonly maxVectorBytes?: number
}

/** Default of {@link TlsReaderOptions.maxVectorBytes}: 16 MiB. */
export const defaultMaxVectorBytes: number = 16 * 1024 * 1024

function refuse(reason: DecodeReason): never {
  throw new DecodeError({ reason })
}

/**
 * Reads one structure from front to back.
 *
 * Methods without `view` in their name return memory of their own. Those with it return a window on
 * the input: cheap, and only right while the owner of the input leaves it alone.
 *
 * @example
 * ```ts
 * import { TlsReader } from "@mdk/core/codec"
 *
 * const reader = new TlsReader(new Uint8Array([0, 1, 2, 104, 105]))
 * const version = reader.u16()
 * const text = new TextDecoder().decode(reader.opaqueV())
 * reader.finish()
 * if (version !== 1 || text !== "hi") throw new Error("unexpected")
 * ```
 */
export class TlsReader {
  readonly #bytes: Uint8Array
  readonly #limit: number
  #at = 0
  #end: number

  /** Starts at the first of `bytes`, which must not change while the reader is in use. */
  constructor(bytes: Uint8Array, options?: TlsReaderOptions) {
    this.#bytes = bytes
    this.#end = bytes.length
    this.#limit = options?.maxVectorBytes ?? defaultMaxVectorBytes
  }

  /** Offset of the next byte from the start of the input. */
  get position(): number {
    return this.#at
  }

  /** How many bytes the current structure (the input, or the vector being read) still has. */
  get remaining(): number {
    return this.#end - this.#at
  }

  /** One byte. */
  u8(): number {
    const at = this.#take(1)
    return this.#bytes[at] as number
  }

  /** Two bytes, big-endian. */
  u16(): number {
    const at = this.#take(2)
    const b = this.#bytes
    return (b[at] as number) << 8 | (b[at + 1] as number)
  }

  /** Four bytes, big-endian, as a number from 0 to 2^32 - 1. */
  u32(): number {
    const at = this.#take(4)
    const b = this.#bytes
    return ((b[at] as number) << 24 | (b[at + 1] as number) << 16 | (b[at + 2] as number) << 8 |
      (b[at + 3] as number)) >>> 0
  }

  /** Eight bytes, big-endian, as a bigint from 0 to 2^64 - 1. */
  u64(): bigint {
    const high = this.u32()
    const low = this.u32()
    return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low)
  }

  /** `opaque x[length]`: a copy of the next `length` bytes. */
  opaque(length: number): Uint8Array {
    const at = this.#take(length)
    return this.#bytes.slice(at, at + length)
  }

  /** `opaque x[length]`: a window on the next `length` bytes of the input. */
  view(length: number): Uint8Array {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  /**
   * A variable-length integer of 1, 2 or 4 bytes (RFC 9000 section 16 without the 8-byte form, RFC
   * 9420 section 2.1.2), from 0 to 2^30 - 1, in its shortest form only.
   */
  varint(): number {
    const first = this.u8()
    if (first < 0x40) return first
    if (first < 0x80) {
      const value = (first & 0x3f) << 8 | this.u8()
      return value < 0x40 ? refuse("non-minimal-length") : value
    }
    if (first >= 0xc0) return refuse("non-minimal-length")
    const at = this.#take(3)
    const b = this.#bytes
    const value = (first & 0x3f) << 24 | (b[at] as number) << 16 | (b[at + 1] as number) << 8 |
      (b[at + 2] as number)
    return value < 0x4000 ? refuse("non-minimal-length") : value
  }

  /**
   * `opaque x<V>`: a copy of the content.
   *
   * @param max largest accepted length in bytes, where the field has a bound of its own.
   */
  opaqueV(max?: number): Uint8Array {
    return this.opaque(this.#length(max))
  }

  /** `opaque x<V>`: a window on the content. See {@link TlsReader.opaqueV}. */
  viewV(max?: number): Uint8Array {
    return this.view(this.#length(max))
  }

  /**
   * `T x<V>`: elements until the declared number of bytes is used exactly.
   *
   * @param read reads one element from the reader that it is given; it must consume at least a byte.
   * @param maxCount largest accepted number of elements; one more is `limit`.
   */
  vector<T>(read: (reader: TlsReader) => T, maxCount: number = Infinity): Array<T> {
    const length = this.#length(undefined)
    const outer = this.#end
    const end = this.#at + length
    this.#end = end
    const items: Array<T> = []
    while (this.#at < end) {
      if (items.length >= maxCount) refuse("limit")
      const before = this.#at
      items.push(read(this))
      if (this.#at === before) refuse("invalid-value")
    }
    this.#end = outer
    return items
  }

  /**
   * A structure inside `opaque<V>`: `read` sees only its bytes and must use every one.
   *
   * @param max largest accepted length in bytes.
   */
  framed<T>(read: (reader: TlsReader) => T, max?: number): T {
    const length = this.#length(max)
    const outer = this.#end
    this.#end = this.#at + length
    const value = read(this)
    if (this.#at !== this.#end) refuse("trailing-bytes")
    this.#end = outer
    return value
  }

  /** `optional<T>`: `undefined` for presence 0, the value for presence 1, an error otherwise. */
  optional<T>(read: (reader: TlsReader) => T): T | undefined {
    const presence = this.u8()
    if (presence === 0) return undefined
    return presence === 1 ? read(this) : refuse("invalid-presence")
  }

  /** A copy of what was read since `position` had the value `start`. */
  since(start: number): Uint8Array {
    return this.#bytes.slice(start, this.#at)
  }

  /** A window on what was read since `position` had the value `start`. */
  viewSince(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#at)
  }

  /** A copy of everything that is left of the current structure. */
  rest(): Uint8Array {
    return this.opaque(this.remaining)
  }

  /** Ends the reading: refuses with `trailing-bytes` unless every byte was used. */
  finish(): void {
    if (this.#at !== this.#end) refuse("trailing-bytes")
  }

  #length(max: number | undefined): number {
    const length = this.varint()
    if (length > this.#limit || (max !== undefined && length > max)) refuse("limit")
    if (length > this.#end - this.#at) refuse("truncated")
    return length
  }

  #take(length: number): number {
    const at = this.#at
    if (length > this.#end - at) refuse("truncated")
    this.#at = at + length
    return at
  }
}

/**
 * Decodes exactly one structure: every byte of `bytes` must be used.
 *
 * @throws DecodeError when `bytes` are not that structure.
 *
 * @example
 * ```ts
 * import { decodeTls } from "@mdk/core/codec"
 *
 * const numbers = decodeTls(new Uint8Array([4, 0, 1, 0, 2]), (r) => r.vector((r) => r.u16()))
 * if (numbers.join() !== "1,2") throw new Error("unexpected")
 * ```
 */
export function decodeTls<T>(
  bytes: Uint8Array,
  read: (reader: TlsReader) => T,
  options?: TlsReaderOptions,
): T {
  const reader = new TlsReader(bytes, options)
  const value = read(reader)
  reader.finish()
  return value
}
