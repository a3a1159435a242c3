/**
 * The one error of every strict decoder: a closed reason and nothing of the input.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"

/**
 * Why bytes were refused.
 *
 * - `truncated`: the input ends, or a length points, behind the last byte
 * - `trailing-bytes`: something is left where the structure ends
 * - `non-minimal-length`: a variable-length integer is not in its shortest form, or uses the
 *   reserved prefix `11`
 * - `limit`: a length or count is above what the caller allows
 * - `invalid-presence`: the presence byte of an `optional<T>` is neither 0 nor 1
 * - `invalid-value`: a field holds a value that the structure does not allow
 */
export type DecodeReason =
  | "truncated"
  | "trailing-bytes"
  | "non-minimal-length"
  | "limit"
  | "invalid-presence"
  | "invalid-value"

/** What a {@link DecodeError} carries: never a byte of the input, an offset or a length. */
export interface DecodeErrorFields {
  /** The rule that the input breaks. */
  readonly reason: DecodeReason
}

/** Bytes were refused; nothing was changed by reading them. */
export interface DecodeError extends Cause.YieldableError, DecodeErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "DecodeError"
}

/** Creates a {@link DecodeError}. */
export const DecodeError: new (fields: DecodeErrorFields) => DecodeError = class DecodeError
  extends Data.TaggedError("DecodeError")<DecodeErrorFields> {
  /** One line without any of the input. */
  override get message(): string {
    return `decoding refused: ${this.reason}`
  }
}
