/**
 * Rows whose value is a small record: JSON in UTF-8 with a version in front. Secret bytes never go
 * in here as text; they have rows of their own.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"

/** Why a row cannot be read. */
export interface RecordErrorFields {
  /** `newer`: written by a newer version. `damaged`: anything else. */
  readonly reason: "newer" | "damaged"
}

/** A row that cannot be read. */
export interface RecordError extends Cause.YieldableError, RecordErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "RecordError"
}

/** Creates a {@link RecordError}. */
export const RecordError: new (fields: RecordErrorFields) => RecordError = class RecordError
  extends Data.TaggedError("RecordError")<RecordErrorFields> {
  /** One line without a piece of the row. */
  override get message(): string {
    return `a stored record is unreadable: ${this.reason}`
  }
}

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
 * Decodes what {@link encodeRecord} wrote.
 *
 * @throws {RecordError}
 */
export function decodeRecord<A>(bytes: Uint8Array): A {
  if (bytes[0] !== VERSION) {
    throw new RecordError({ reason: (bytes[0] ?? 0) > VERSION ? "newer" : "damaged" })
  }
  try {
    return JSON.parse(decoder.decode(bytes.subarray(1))) as A
  } catch {
    throw new RecordError({ reason: "damaged" })
  }
}
