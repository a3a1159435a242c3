/**
 * Rows whose value is a small record: JSON in UTF-8 with a version in front. Secret bytes never go
 * in here as text; they have rows of their own.
 *
 * @module
 */
import { OpenError } from "../api/errors.ts"

const VERSION = 1
const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })

/** Encodes a record. Values are strings, numbers, booleans, null, arrays and plain objects. */
export function encodeRecord(record: object): Uint8Array {
  const text = encoder.encode(JSON.stringify(record))
  const bytes = new Uint8Array(text.length + 1)
  bytes[0] = VERSION
  bytes.set(text, 1)
  return bytes
}

/**
 * Decodes what {@link encodeRecord} wrote. A newer version throws `OpenError` `newer-format`;
 * anything else that does not decode throws `damaged`.
 */
export function decodeRecord<A>(bytes: Uint8Array): A {
  if (bytes[0] !== VERSION) {
    throw new OpenError({ reason: (bytes[0] ?? 0) > VERSION ? "newer-format" : "damaged" })
  }
  try {
    return JSON.parse(decoder.decode(bytes.subarray(1))) as A
  } catch {
    throw new OpenError({ reason: "damaged" })
  }
}
