/**
 * The bytes of one entry in a credential store.
 *
 * Written: the ASCII text `mdk-sqlite-key-v1:` followed by the standard padded base64 of the 32 key
 * bytes, 62 bytes in all. Read: that text, and the 32 raw bytes that older versions of the Rust MDK
 * stored. Everything else is not a key.
 *
 * The base64 is coded here, byte by byte, because the platform's coders go through strings, which
 * nobody can zero, and accept what is not base64.
 *
 * @module
 */
import { KEY_LENGTH } from "@mdk/core/services"

const PREFIX = new TextEncoder().encode("mdk-sqlite-key-v1:")
const ALPHABET = new TextEncoder().encode(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
)
const PAD = 0x3d
const BASE64_LENGTH = 44

/** Length in bytes of a written entry. */
export const ENTRY_LENGTH: number = PREFIX.length + BASE64_LENGTH

/**
 * Encodes a 32-byte key as an entry. The caller zeroes the result.
 *
 * @throws RangeError when the key is not 32 bytes long: a bug of the caller
 */
export const encodeEntry = (key: Uint8Array): Uint8Array => {
  if (key.length !== KEY_LENGTH) throw new RangeError("a database key is 32 bytes")
  const entry = new Uint8Array(ENTRY_LENGTH)
  entry.set(PREFIX)
  let at = PREFIX.length
  for (let i = 0; i < KEY_LENGTH; i += 3) {
    const bits = ((key[i] ?? 0) << 16) | ((key[i + 1] ?? 0) << 8) | (key[i + 2] ?? 0)
    for (let shift = 18; shift >= 0; shift -= 6) entry[at++] = ALPHABET[(bits >> shift) & 63] ?? 0
  }
  entry[ENTRY_LENGTH - 1] = PAD
  return entry
}

/** Value of one base64 character, -1 for anything else. */
const sextet = (character: number): number => ALPHABET.indexOf(character)

/**
 * Decodes an entry into a fresh 32-byte key that the caller zeroes.
 *
 * @returns undefined when the bytes are neither the written form nor 32 raw bytes, among them a
 * prefix with base64 that is cut, padded wrongly or not canonical
 */
export const decodeEntry = (entry: Uint8Array): Uint8Array | undefined => {
  if (!PREFIX.every((byte, i) => entry[i] === byte)) {
    return entry.length === KEY_LENGTH ? entry.slice() : undefined
  }
  if (entry.length !== ENTRY_LENGTH || entry[ENTRY_LENGTH - 1] !== PAD) return undefined
  const key = new Uint8Array(KEY_LENGTH)
  let bits = 0
  let invalid = 0
  for (let i = 0; i < BASE64_LENGTH - 1; i++) {
    const value = sextet(entry[PREFIX.length + i] ?? 0)
    invalid |= value
    bits = ((bits << 6) | (value & 63)) >>> 0
    if (i % 4 === 3) {
      const at = (i >> 2) * 3
      key[at] = (bits >> 16) & 255
      key[at + 1] = (bits >> 8) & 255
      key[at + 2] = bits & 255
      bits = 0
    }
  }
  // 43 characters carry 258 bits: the last two must be zero, or two texts would mean one key.
  key[30] = (bits >> 10) & 255
  key[31] = (bits >> 2) & 255
  if (invalid < 0 || (bits & 3) !== 0) {
    key.fill(0)
    return undefined
  }
  return key
}
