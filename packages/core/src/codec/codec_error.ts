/**
 * The one error of every decoder and encoder in core.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"

/**
 * What is wrong with the bytes or the text.
 *
 * - `truncated`: they end too early
 * - `trailing`: something follows the end
 * - `not-canonical`: the value is legal, this form of it is not (long length, unsorted, not normalized)
 * - `duplicate`: a name, an id or an item stands there twice
 * - `too-large`: a bound is exceeded; nothing behind it was read
 * - `not-utf8`: text is not UTF-8, or holds half of a surrogate pair
 * - `malformed`: anything else
 */
export type CodecErrorReason =
  | "truncated"
  | "trailing"
  | "not-canonical"
  | "duplicate"
  | "too-large"
  | "not-utf8"
  | "malformed"

/** What a {@link CodecError} carries. Never a piece of the input. */
export interface CodecErrorFields {
  /** What was being read or written: the name of a format, such as `hex` or `group profile`. */
  readonly format: string
  /** What is wrong with it. */
  readonly reason: CodecErrorReason
}

/** Input that a decoder refuses, or a value that an encoder cannot express. */
export interface CodecError extends Cause.YieldableError, CodecErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "CodecError"
}

/** Creates a {@link CodecError}; the pure functions of core throw it. */
export const CodecError: new (fields: CodecErrorFields) => CodecError = class CodecError
  extends Data.TaggedError("CodecError")<CodecErrorFields> {
  /** One line without a piece of the input. */
  override get message(): string {
    return `${this.format}: ${this.reason}`
  }
}
