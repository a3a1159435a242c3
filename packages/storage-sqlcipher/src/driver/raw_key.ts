/**
 * A raw key as SQLCipher takes it: `x'` and 64 hex digits and `'`, in bytes.
 *
 * @module
 */
import { Buffer } from "node:buffer"

const DIGITS = new TextEncoder().encode("0123456789abcdef")
const QUOTE = 0x27
const X = 0x78

/**
 * Runs a body with the text of a raw key, and zeroes the text afterwards. The digits are written where
 * they are handed over: no string and no other copy of the key is made.
 *
 * @param key 32 bytes, which stay the caller's
 */
export function withRawKey<A>(key: Uint8Array, use: (raw: Buffer) => A): A {
  // Memory of its own: a shared pool of buffers would be read by others.
  const raw = Buffer.alloc(2 * key.length + 3)
  try {
    raw[0] = X
    raw[1] = QUOTE
    for (let at = 0; at < key.length; at++) {
      const byte = key[at] ?? 0
      raw[2 * at + 2] = DIGITS[byte >> 4] ?? 0
      raw[2 * at + 3] = DIGITS[byte & 15] ?? 0
    }
    raw[raw.length - 1] = QUOTE
    return use(raw)
  } finally {
    raw.fill(0)
  }
}
