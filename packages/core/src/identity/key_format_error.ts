/**
 * Why a written key was refused. The text itself never appears anywhere.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"

/**
 * What is wrong with a key.
 *
 * - `malformed`: not one of the forms that are accepted, or a wrong checksum
 * - `not-a-key`: well written, but no point of the curve, or a secret outside its range
 * - `public-key`: a public key where a secret one is wanted
 * - `secret-key`: a secret key where a public one is wanted; treat it as exposed
 * - `passphrase-needed`: an encrypted key without a passphrase
 * - `wrong-passphrase`: the passphrase does not open the encrypted key
 * - `too-costly`: the encrypted key asks for more than 1 GiB of memory
 */
export type KeyFormatErrorReason =
  | "malformed"
  | "not-a-key"
  | "public-key"
  | "secret-key"
  | "passphrase-needed"
  | "wrong-passphrase"
  | "too-costly"

/** What a {@link KeyFormatError} carries. */
export interface KeyFormatErrorFields {
  /** What is wrong. */
  readonly reason: KeyFormatErrorReason
}

/** A written key that was refused. */
export interface KeyFormatError extends Cause.YieldableError, KeyFormatErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "KeyFormatError"
}

/** Creates a {@link KeyFormatError}. */
export const KeyFormatError: new (fields: KeyFormatErrorFields) => KeyFormatError =
  class KeyFormatError extends Data.TaggedError("KeyFormatError")<KeyFormatErrorFields> {
    /** One line without the key. */
    override get message(): string {
      return `key refused: ${this.reason}`
    }
  }
