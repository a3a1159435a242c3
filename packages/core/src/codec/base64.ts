/**
 * Standard base64 with padding (RFC 4648 section 4), in its one canonical form.
 *
 * @module
 */
import { DecodeError } from "./decode_error.ts"

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const CODES = new TextEncoder().encode(ALPHABET)
const VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < CODES.length; i++) VALUES[CODES[i] ?? 0] = i
const PADDING = 61
const ascii = new TextDecoder()

/** Writes standard base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4)
  let at = 0
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const group = (bytes[i] ?? 0) << 16 | (bytes[i + 1] ?? 0) << 8 | (bytes[i + 2] ?? 0)
    out[at++] = CODES[group >> 18] ?? 0
    out[at++] = CODES[group >> 12 & 63] ?? 0
    out[at++] = left > 1 ? CODES[group >> 6 & 63] ?? 0 : PADDING
    out[at++] = left > 2 ? CODES[group & 63] ?? 0 : PADDING
  }
  return ascii.decode(out)
}

/**
 * Reads standard base64. White space, missing padding, the URL alphabet and bits that are set behind
 * the last byte are refused: every byte string has exactly one accepted text.
 *
 * @param text the whole text
 * @param maxBytes refuse more decoded bytes than that, before any memory is taken; absent: no bound
 * @throws {DecodeError} `limit`, otherwise `invalid-value`
 */
export function decodeBase64(text: string, maxBytes?: number): Uint8Array {
  if (text.length % 4 !== 0) throw new DecodeError({ reason: "invalid-value" })
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0
  const length = text.length / 4 * 3 - padding
  if (maxBytes !== undefined && length > maxBytes) {
    throw new DecodeError({ reason: "limit" })
  }
  const bytes = new Uint8Array(length)
  const digits = text.length - padding
  let group = 0
  let at = 0
  for (let i = 0; i < digits; i++) {
    const code = text.charCodeAt(i)
    const value = code < 128 ? VALUES[code] ?? -1 : -1
    if (value < 0) throw new DecodeError({ reason: "invalid-value" })
    group = (group << 6 | value) & 0xffffff
    if ((i & 3) === 3) {
      bytes[at++] = group >> 16
      bytes[at++] = group >> 8 & 255
      bytes[at++] = group & 255
    }
  }
  const rest = padding === 1 ? group & 3 : padding === 2 ? group & 15 : 0
  if (rest !== 0) throw new DecodeError({ reason: "invalid-value" })
  if (padding === 1) {
    bytes[at++] = group >> 10 & 255
    bytes[at++] = group >> 2 & 255
  } else if (padding === 2) {
    bytes[at++] = group >> 4 & 255
  }
  return bytes
}
