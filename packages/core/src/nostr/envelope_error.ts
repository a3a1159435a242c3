/**
 * Why an envelope was refused, or could not be made.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"

/**
 * - `bad-event`: the event itself is malformed, or its id or signature does not verify
 * - `wrong-kind`: another kind than this envelope has
 * - `bad-tags`: a tag is missing, repeated, too many or malformed
 * - `bad-content`: the content is not what the kind wants
 * - `wrong-recipient`: addressed to another account
 * - `undecryptable`: the content does not open for this account
 * - `bad-seal`: the event inside a gift wrap is no verifiable seal
 * - `bad-rumor`: the event inside a seal is malformed, or its id is wrong
 * - `author-mismatch`: the rumor names another author than the seal
 * - `too-large`: the finished event would exceed 65 536 bytes, which relays refuse
 */
export type EnvelopeErrorReason =
  | "bad-event"
  | "wrong-kind"
  | "bad-tags"
  | "bad-content"
  | "wrong-recipient"
  | "undecryptable"
  | "bad-seal"
  | "bad-rumor"
  | "author-mismatch"
  | "too-large"

/** What an {@link EnvelopeError} carries. */
export interface EnvelopeErrorFields {
  /** What is wrong. */
  readonly reason: EnvelopeErrorReason
}

/** An envelope that was refused, or that could not be made. */
export interface EnvelopeError extends Cause.YieldableError, EnvelopeErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "EnvelopeError"
}

/** Creates an {@link EnvelopeError}. */
export const EnvelopeError: new (fields: EnvelopeErrorFields) => EnvelopeError = class EnvelopeError
  extends Data.TaggedError("EnvelopeError")<EnvelopeErrorFields> {
  /** One line without a piece of the envelope. */
  override get message(): string {
    return `envelope: ${this.reason}`
  }
}

/** Throws an {@link EnvelopeError}. */
export function refuseEnvelope(reason: EnvelopeErrorReason): never {
  throw new EnvelopeError({ reason })
}
