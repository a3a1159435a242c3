/**
 * Lower-case hexadecimal, as Nostr writes ids, keys and signatures.
 *
 * @module
 */
import { DecodeError } from "./decode_error.ts"

const DIGITS = "0123456789abcdef"
const PAIRS = Array.from({ length: 256 }, (_, byte) => `${DIGITS[byte >> 4]}${DIGITS[byte & 15]}`)

/** Writes two lower-case digits a byte. */
export function encodeHex(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += PAIRS[byte]
  return text
}

const digit = (code: number): number =>
  code >= 48 && code <= 57 ? code - 48 : code >= 97 && code <= 102 ? code - 87 : -1

/**
 * Reads lower-case hexadecimal.
 *
 * @param text pairs of `0-9a-f`; nothing else, upper case included, is accepted
 * @param length exact number of bytes that is wanted; absent: any
 * @throws {DecodeError} `invalid-value` for another digit, an odd number of digits or another length
 *
 * @example
 * ```ts
 * import { decodeHex, encodeHex } from "@mdk/core/codec"
 *
 * console.log(encodeHex(decodeHex("00ff", 2))) // 00ff
 * ```
 */
export function decodeHex(text: string, length?: number): Uint8Array {
  if (text.length % 2 !== 0 || (length !== undefined && text.length !== length * 2)) {
    throw new DecodeError({ reason: "invalid-value" })
  }
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const value = digit(text.charCodeAt(i * 2)) << 4 | digit(text.charCodeAt(i * 2 + 1))
    if (value < 0) throw new DecodeError({ reason: "invalid-value" })
    bytes[i] = value
  }
  return bytes
}

/** True for lower-case hexadecimal of exactly so many bytes. */
export function isHex(text: string, length: number): boolean {
  if (text.length !== length * 2) return false
  for (let i = 0; i < text.length; i++) if (digit(text.charCodeAt(i)) < 0) return false
  return true
}
