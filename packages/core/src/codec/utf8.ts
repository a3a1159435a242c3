/**
 * UTF-8 without repair: what cannot be expressed exactly is refused.
 *
 * @module
 */
import { DecodeError } from "./decode_error.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/**
 * Writes UTF-8.
 *
 * @throws {DecodeError} `invalid-value` when the text holds half of a surrogate pair
 */
export function encodeUtf8(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new DecodeError({ reason: "invalid-value" })
  return encoder.encode(text)
}

/**
 * Reads UTF-8. A byte order mark is kept as the character that it is; nothing is normalized.
 *
 * @throws {DecodeError} `invalid-value`
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new DecodeError({ reason: "invalid-value" })
  }
}
