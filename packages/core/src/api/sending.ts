/**
 * Sending: a call succeeds when its intent is durable; a handle tells the rest and can be found
 * again after a restart.
 *
 * @module
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { GroupError, ServiceError } from "./errors.ts"
import type { IntentId, MessageId, PublicKey } from "./ids.ts"

/** What relays answered, counted. */
export interface RelayTally {
  /** Relays that acknowledged. */
  readonly accepted: number
  /** Relays that refused for good. */
  readonly rejected: number
  /** Relays that were asked and have not answered. */
  readonly unanswered: number
  /** Relays there are. */
  readonly of: number
}

/**
 * Where something that is being sent stands.
 *
 * - `Held`: durable, not yet encrypted
 * - `Queued`: encrypted and durable; only these bytes are ever sent
 * - `Unconfirmed`: may be out, no relay has answered; never "failed", never encrypted again
 * - `Published`: at least one relay acknowledged; the others are still tried
 * - `Withdrawn`: was out, and the group went another way
 * - `Failed`: will not be sent any more. With `unrecoverable` it may be out all the same: the account
 *   was restored from a backup (see `MdkOptions.restored`), and what went out since is not known
 */
export type SendState =
  | { readonly _tag: "Held"; readonly why: "converging" | "own-change-pending" | "catching-up" }
  | { readonly _tag: "Queued"; readonly relays: RelayTally }
  | { readonly _tag: "Unconfirmed"; readonly relays: RelayTally }
  | { readonly _tag: "Published"; readonly relays: RelayTally }
  | { readonly _tag: "Withdrawn"; readonly why: "branch-lost" }
  | {
    readonly _tag: "Failed"
    readonly reason:
      | "all-relays-refused"
      | "too-large"
      | "removed"
      | "disbanded"
      | "unrecoverable"
      | "discarded"
  }

/** Where a change of a group stands. `Applied`: this device and the group have moved on with it. */
export type ChangeState =
  | SendState
  | { readonly _tag: "Applied"; readonly epoch: bigint }
  /** Another member's change came first; this one was dropped. */
  | { readonly _tag: "Superseded" }

/** Something that is being sent. */
export interface Handle<S> {
  /** Under this id it is found again, also after a restart. */
  readonly id: IntentId
  /** Where it stands now. */
  readonly state: Effect.Effect<S, ServiceError>
  /** The current state first, then every change; ends after a final state. */
  readonly changes: Stream.Stream<S, ServiceError>
  /**
   * Waits until a relay acknowledged. Fails with `GroupError` `failed` when that can no longer
   * happen. Interruption stops the waiting, not the sending.
   */
  readonly published: Effect.Effect<RelayTally, GroupError | ServiceError>
}

/** A message that is being sent. */
export interface Sent extends Handle<SendState> {
  /** The message as it stands in the timeline. */
  readonly messageId: MessageId
}

/** A change of a group that is being made. */
export interface Change extends Handle<ChangeState> {
  /** Waits until the change is applied; the epoch that it made. */
  readonly applied: Effect.Effect<bigint, GroupError | ServiceError>
  /**
   * The invitations that go with the change, by invitee. Founding publishes no commit: there
   * `published` is the sum of the invitations.
   */
  readonly welcomes: Effect.Effect<ReadonlyMap<PublicKey, SendState>, ServiceError>
}
