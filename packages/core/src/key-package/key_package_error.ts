/**
 * Why somebody's KeyPackage cannot be used.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"

/**
 * - `malformed`: event, tags or bytes are not what they must be
 * - `bad-signature`: the event, or the KeyPackage inside, is not signed by whom it names
 * - `wrong-author`: the event's author is not the account of the credential
 * - `tags-differ`: the tags do not say what the KeyPackage says
 * - `bad-proof`: the leaf does not prove its account
 * - `bad-lifetime`: expired, not yet valid, or valid for longer than allowed
 * - `unsupported`: another version, ciphersuite or credential, or capabilities that every member needs
 * are missing
 */
export type KeyPackageErrorReason =
  | "malformed"
  | "bad-signature"
  | "wrong-author"
  | "tags-differ"
  | "bad-proof"
  | "bad-lifetime"
  | "unsupported"

/** What a {@link KeyPackageError} carries. */
export interface KeyPackageErrorFields {
  /** What is wrong. */
  readonly reason: KeyPackageErrorReason
}

/** A KeyPackage that nobody should be invited with. */
export interface KeyPackageError extends Cause.YieldableError, KeyPackageErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "KeyPackageError"
}

/** Creates a {@link KeyPackageError}. */
export const KeyPackageError: new (fields: KeyPackageErrorFields) => KeyPackageError =
  class KeyPackageError extends Data.TaggedError("KeyPackageError")<KeyPackageErrorFields> {
    /** One line without a piece of the KeyPackage. */
    override get message(): string {
      return `key package refused: ${this.reason}`
    }
  }

/** Throws a {@link KeyPackageError}. */
export function refuseKeyPackage(reason: KeyPackageErrorReason): never {
  throw new KeyPackageError({ reason })
}
