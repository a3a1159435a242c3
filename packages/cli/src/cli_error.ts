/**
 * What can go wrong in the program itself, apart from what the library reports.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import type * as Redacted from "effect/Redacted"

/**
 * Why the program gave up.
 *
 * - `usage`: arguments that make no sense together
 * - `malformed-secret-key`: what was entered is neither an nsec nor 64 hex characters of a key
 * - `malformed-argument`: an id, npub or address that is not one
 * - `no-terminal`: something must be asked and there is nobody to ask
 * - `cancelled`: the person gave up at a prompt
 * - `unreadable-file`: a file that was named cannot be read
 * - `no-account`: there is no account in this home
 * - `account-exists`: there is one already
 * - `unsafe-home`: the home folder is open to others, or not a folder
 * - `not-found`: nothing matches the given id or name
 * - `ambiguous`: several things match it
 * - `not-delivered`: no relay acknowledged in time; it stays queued
 * - `demo-failed`: a member of the demo ended or did not do its part
 * - `port-in-use`: the relay's port is taken
 */
export type CliErrorReason =
  | "usage"
  | "malformed-secret-key"
  | "malformed-argument"
  | "no-terminal"
  | "cancelled"
  | "unreadable-file"
  | "no-account"
  | "account-exists"
  | "unsafe-home"
  | "not-found"
  | "ambiguous"
  | "not-delivered"
  | "demo-failed"
  | "port-in-use"

/** What a {@link CliError} carries. */
export interface CliErrorFields {
  /** Why. */
  readonly reason: CliErrorReason
  /** One sentence for the person, without secrets and without text from outside. */
  readonly advice: string
  /** The system's own error, hidden from every printer. */
  readonly cause?: Redacted.Redacted<unknown>
}

/** The program gave up; `reason` decides the exit code. */
export interface CliError extends Cause.YieldableError, CliErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "CliError"
  /** The system's own error, hidden from every printer. */
  readonly cause?: Redacted.Redacted<unknown>
}

/** Creates a {@link CliError}. */
export const CliError: new (fields: CliErrorFields) => CliError = class CliError
  extends Data.TaggedError("CliError")<CliErrorFields> {
  /** One line. */
  override get message(): string {
    return this.advice
  }
}
