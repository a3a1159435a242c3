/**
 * What the engine's functions give back: the next value and what there is to tell.
 *
 * @module
 */
import type { InnerEvent } from "../message/mod.ts"
import type { PublicKey } from "../identity/mod.ts"
import type { MlsGroup } from "../mls/mod.ts"
import type { GroupState, RetainedState } from "./group_state.ts"
import type { StateChange } from "./state_change.ts"

/** What changed about a group. */
export type GroupAspect = "members" | "admins" | "profile" | "relays" | "retention" | "status"

/** An application message that was read. */
export interface MessageRead {
  /** Discriminant. */
  readonly tag: "message"
  /** GroupId. */
  readonly group: string
  /** The inner event; its author is the proven sender. */
  readonly event: InnerEvent
  /** Epoch that it was sent in. */
  readonly epoch: bigint
  /** Leaf that sent it. */
  readonly leaf: number
  /** Its number in the sender's ratchet, which orders what one leaf sent in one epoch. */
  readonly generation: number
  /** How many earlier messages of that leaf in that epoch did not arrive and could still be read. */
  readonly missing: number
  /** SHA-256 of its MLSMessage, hex. */
  readonly digest: string
  /** True when the author was an admin in the message's epoch. */
  readonly byAdmin: boolean
  /** Unix seconds when it disappears, by the settings of its epoch. */
  readonly expiresAt: bigint | undefined
}

/** The group moved to another epoch, or came to its end. */
export interface GroupMoved {
  /** Discriminant. */
  readonly tag: "moved"
  /** GroupId. */
  readonly group: string
  /** SHA-256 of the commit's MLSMessage, hex. */
  readonly digest: string
  /** The epoch that the commit led to. */
  readonly epoch: bigint
  /** Who committed. */
  readonly actor: PublicKey
  /** Rows for people. */
  readonly changes: ReadonlyArray<StateChange>
  /** What an application reads again. */
  readonly aspects: ReadonlyArray<GroupAspect>
}

/** A member asked to leave; somebody else has to commit it. */
export interface DepartureAsked {
  /** Discriminant. */
  readonly tag: "departure"
  /** GroupId. */
  readonly group: string
  /** Who. */
  readonly who: PublicKey
}

/** Something to tell. */
export type Output = MessageRead | GroupMoved | DepartureAsked

/**
 * Why an input waits. It is tried again when the keys or the proposals change.
 *
 * - `sealed`: no key opens it now
 * - `ahead`: it belongs to an epoch that is not reached yet, or too many before it are missing
 * - `own-commit`: a commit of our own is on its way
 * - `proposal`: it refers to a proposal that did not arrive yet
 * - `policy`: it is more than this device takes now; others may have taken it
 * - `unsupported`: a commit that a newer version of this library may be able to apply
 */
export type WaitReason = "sealed" | "ahead" | "own-commit" | "proposal" | "policy" | "unsupported"

/**
 * Why an input is dropped for good.
 *
 * - `inactive`: the copy is inert
 * - `duplicate`: it was read before
 * - `own`: an echo of what this device sent
 * - `stale`: its epoch is not kept any more, or was before we joined
 * - `rival`: a commit that competes with one that was applied
 * - `malformed`, `unauthentic`: it is not a valid message of the group
 * - `refused`: a valid message that its sender was not allowed to send
 * - `payload`: the message is valid, what it carries is not an inner event
 */
export type DropReason =
  | "inactive"
  | "duplicate"
  | "own"
  | "stale"
  | "rival"
  | "malformed"
  | "unauthentic"
  | "refused"
  | "payload"

/** What became of an input. */
export type Received =
  | {
    readonly disposition: "accepted"
    /** The group afterwards. */
    readonly group: GroupState
    /** What there is to tell. */
    readonly outputs: ReadonlyArray<Output>
    /** MLS values that nobody needs when `group` is durable. */
    readonly spent: ReadonlyArray<MlsGroup>
    /** States that are kept no more. */
    readonly dropped: ReadonlyArray<RetainedState>
  }
  | { readonly disposition: "waiting"; readonly why: WaitReason }
  | { readonly disposition: "dropped"; readonly why: DropReason }
