/**
 * UTF-8 without repair: what cannot be expressed exactly is refused.
 *
 * @module
 */
import { CodecError } from "./codec_error.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/**
 * Writes UTF-8.
 *
 * @throws {CodecError} `not-utf8` when the text holds half of a surrogate pair
 */
export function encodeUtf8(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new CodecError({ format: "text", reason: "not-utf8" })
  return encoder.encode(text)
}

/**
 * Reads UTF-8. A byte order mark is kept as the character that it is; nothing is normalized.
 *
 * @throws {CodecError} `not-utf8`
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new CodecError({ format: "text", reason: "not-utf8" })
  }
}
