/**
 * The errors of the public API: one tag per boundary, a closed reason, and what to do about it.
 *
 * No error carries an identifier, a key, a text or a foreign message. The library's own error, where
 * there is one, is in `cause` as a `Redacted` that every printer hides.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import type * as Redacted from "effect/Redacted"

/** What a caller can do: repeat the call, repeat it when relays were heard, or nothing. */
export type Retry = "same-call" | "after-sync" | "never"

/** What every error of the public API has. */
export interface MdkError<Tag extends string, Reason extends string> extends Cause.YieldableError {
  /** Discriminant for `Effect.catchTag` and `switch`. */
  readonly _tag: Tag
  /** Why; a closed union, to be handled exhaustively. */
  readonly reason: Reason
  /** What can be done. */
  readonly retry: Retry
  /** The error underneath, hidden from every printer. */
  readonly cause?: Redacted.Redacted<unknown>
}

/** How an error of the public API is made. */
export interface MdkErrorInput<Reason extends string> {
  /** Why. */
  readonly reason: Reason
  /** The error underneath. */
  readonly cause?: Redacted.Redacted<unknown>
}

interface Fields {
  readonly reason: string
  readonly retry: Retry
  readonly cause?: Redacted.Redacted<unknown>
}

function define<Tag extends string, Reason extends string>(
  tag: Tag,
  retry: (reason: Reason) => Retry,
): new (input: MdkErrorInput<Reason>) => MdkError<Tag, Reason> {
  return class extends Data.TaggedError(tag)<Fields> {
    declare readonly reason: Reason
    constructor(input: MdkErrorInput<Reason>) {
      super({
        reason: input.reason,
        retry: retry(input.reason),
        ...(input.cause === undefined ? {} : { cause: input.cause }),
      })
    }
    override get message(): string {
      return `${this._tag}: ${this.reason}`
    }
  }
}

/** An argument is not what it has to be: a text that was parsed as an id, a limit, a cursor, a name. */
export type ArgumentError = MdkError<
  "ArgumentError",
  | "public-key"
  | "group-id"
  | "message-id"
  | "invite-id"
  | "intent-id"
  | "event-key"
  | "relay-url"
  | "page-limit"
  | "cursor"
  | "search-text"
  | "consumer-name"
  | "once-key"
>
/** Creates an {@link ArgumentError}. */
export const ArgumentError: new (
  input: MdkErrorInput<ArgumentError["reason"]>,
) => ArgumentError = define("ArgumentError", () => "never")

/**
 * The account could not be opened.
 *
 * - `wrong-key`: the database is intact, its key is another one
 * - `key-missing`: the database is there, its key is not, or its key store is locked
 * - `not-encrypted`: a plaintext database stands where an encrypted one belongs
 * - `account-in-use`: another live instance holds this account
 * - `newer-format`: written by a newer version
 * - `damaged`: the database, or what it holds, is broken
 * - `restored-copy`: a restored or copied database; its ratchets may be old and must not send. With
 *   the option `restored: "close-groups"` it can be opened, see `MdkOptions`
 * - `signer-mismatch`: the signer answers for another account than the one in the database
 */
export type OpenError = MdkError<
  "OpenError",
  | "wrong-key"
  | "key-missing"
  | "not-encrypted"
  | "account-in-use"
  | "newer-format"
  | "damaged"
  | "restored-copy"
  | "signer-mismatch"
>
/** Creates an {@link OpenError}. */
export const OpenError: new (input: MdkErrorInput<OpenError["reason"]>) => OpenError = define(
  "OpenError",
  (reason) => reason === "key-missing" || reason === "account-in-use" ? "same-call" : "never",
)

/**
 * A call about a group, a message or something being sent.
 *
 * - `unknown-group`, `unknown-message`, `unknown-intent`: nothing here has this id
 * - `not-a-member`: this device was removed from the group
 * - `not-admin`: only an admin of the group may do this
 * - `not-author`: only the author may do this
 * - `disbanded`: the group has ended
 * - `unrecoverable`: this device gave its keys of the group up, because its database was restored or
 *   copied; a fresh invitation brings it back
 * - `invalid-argument`: a name, text, list or number outside its bounds
 * - `too-large`: it would not fit into what relays carry
 * - `failed`: what was waited for ended in `Failed` or `Superseded`; the state says why
 */
export type GroupError = MdkError<
  "GroupError",
  | "unknown-group"
  | "unknown-message"
  | "unknown-intent"
  | "not-a-member"
  | "not-admin"
  | "not-author"
  | "disbanded"
  | "unrecoverable"
  | "invalid-argument"
  | "too-large"
  | "failed"
>
/** Creates a {@link GroupError}. */
export const GroupError: new (input: MdkErrorInput<GroupError["reason"]>) => GroupError = define(
  "GroupError",
  (reason) => reason === "not-admin" || reason === "unknown-group" ? "after-sync" : "never",
)

/**
 * A call about inviting or being invited.
 *
 * - `no-key-package`: this person published no KeyPackage that can be found
 * - `incompatible`: the person's KeyPackages lack what the group requires
 * - `expired`: the invitation or the KeyPackage is too old
 * - `already-member`: this person is in the group
 * - `unknown-invite`: nothing here has this id
 * - `missing-private-key`: the private part of the KeyPackage that was used is gone
 */
export type InviteError = MdkError<
  "InviteError",
  | "no-key-package"
  | "incompatible"
  | "expired"
  | "already-member"
  | "unknown-invite"
  | "missing-private-key"
>
/** Creates an {@link InviteError}. */
export const InviteError: new (input: MdkErrorInput<InviteError["reason"]>) => InviteError = define(
  "InviteError",
  (reason) => reason === "no-key-package" || reason === "expired" ? "after-sync" : "never",
)

/**
 * The world failed, not the caller.
 *
 * - `storage`: the database could not be read or written; nothing was changed
 * - `disk-full`: there is no space left; nothing was changed
 * - `outcome-unknown`: a write may or may not have happened; reopening tells
 * - `signer-refused`, `signer-timeout`: the signer said no, or nothing
 * - `key-store`: the key store failed
 * - `no-relay`: no relay is configured, or none could be reached
 * - `closed`: the layer's scope is over
 */
export type ServiceError = MdkError<
  "ServiceError",
  | "storage"
  | "disk-full"
  | "outcome-unknown"
  | "signer-refused"
  | "signer-timeout"
  | "key-store"
  | "no-relay"
  | "closed"
>
/** Creates a {@link ServiceError}. */
export const ServiceError: new (
  input: MdkErrorInput<ServiceError["reason"]>,
) => ServiceError = define(
  "ServiceError",
  (reason) => reason === "closed" || reason === "outcome-unknown" ? "never" : "same-call",
)
