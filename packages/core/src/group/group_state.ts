/**
 * The state of one group copy: an immutable value, from which the engine's functions make the next.
 *
 * @module
 */
import { encodeHex, encodeUtf8 } from "../codec/mod.ts"
import { type CryptoProvider, Secret } from "../crypto/mod.ts"
import type { PublicKey } from "../identity/mod.ts"
import type { MlsGroup } from "../mls/mod.ts"
import type { GroupProfile } from "./group_profile.ts"
import { type GroupView, viewOf } from "./group_view.ts"
import { accountOf } from "./leaf_check.ts"

/** One MLS state that is kept, with what is derived from it. */
export interface RetainedState {
  /** The MLS value. */
  readonly mls: MlsGroup
  /** Its settings. */
  readonly view: GroupView
  /** Key of the outer layer of kind 445 in this epoch. */
  readonly outerKey: Secret
}

/** A commit of our own that is on its way and not applied. */
export interface PendingCommit {
  /** The intent that it serves. */
  readonly intent: string
  /** SHA-256 of the commit's MLSMessage, hex. */
  readonly digest: string
  /** The state that it leads to. */
  readonly state: RetainedState
}

/** What people see of a group; all that is left of it when it has ended. */
export interface GroupSummary {
  /** Name. */
  readonly name: string
  /** Description. */
  readonly description: string
  /** Admins, sorted. */
  readonly admins: ReadonlyArray<PublicKey>
  /** Accounts, sorted. */
  readonly members: ReadonlyArray<PublicKey>
  /** Relays. */
  readonly relays: ReadonlyArray<string>
  /** Seconds that messages stay, decimal; `0`: for ever. */
  readonly retention: string
}

/**
 * Copies that are not `active` are inert: they have no MLS state, and only a Welcome brings one. Of an
 * `unrecoverable` one this device gave the keys up itself, because they may be older than what it sent.
 */
export type GroupStatus = "active" | "removed" | "disbanded" | "unrecoverable"

/** One group copy. */
export interface GroupState {
  /** GroupId of the public API. */
  readonly id: string
  /** MLS group id: private. */
  readonly mlsGroupId: Uint8Array
  /** Whose copy this is. */
  readonly self: PublicKey
  /** Order among groups. */
  readonly position: number
  /** Where it stands. */
  readonly status: GroupStatus
  /** The tip first, then what came before it; empty when the copy is inert. */
  readonly states: ReadonlyArray<RetainedState>
  /** The commit of our own that is on its way. */
  readonly pending: PendingCommit | undefined
  /** What people see. */
  readonly summary: GroupSummary
}

/** The GroupId of a group: a hash, because the MLS group id itself must stay private. */
export function groupIdOf(crypto: CryptoProvider, mlsGroupId: Uint8Array): string {
  const label = encodeUtf8("mdk group id/v1\0")
  const input = new Uint8Array(label.length + mlsGroupId.length)
  input.set(label)
  input.set(mlsGroupId, label.length)
  return encodeHex(crypto.sha256(input))
}

/** Derives what belongs to an MLS value. */
export function retain(
  profile: GroupProfile,
  mls: MlsGroup,
  view: GroupView = viewOf(mls.context),
): RetainedState {
  const { label, context } = profile.outerKey
  return { mls, view, outerKey: Secret.take(mls.exporter(label, encodeUtf8(context), 32)) }
}

/** The same state after a message was read or sent: only the MLS value differs. */
export function withMls(state: RetainedState, mls: MlsGroup): RetainedState {
  return { ...state, mls }
}

/** The canonical state; `undefined` for an inert copy. */
export function tipOf(group: GroupState): RetainedState | undefined {
  return group.states[0]
}

/** Every state that has rows: the kept ones and the one of a pending commit. */
export function allStates(group: GroupState): ReadonlyArray<RetainedState> {
  return group.pending === undefined ? group.states : [...group.states, group.pending.state]
}

/** Accounts of an MLS value. */
export function accountsOf(mls: MlsGroup): ReadonlySet<PublicKey> {
  return new Set(mls.members().map(accountOf))
}

/** What people see of a state. */
export function summaryOf(view: GroupView, accounts: Iterable<PublicKey>): GroupSummary {
  return {
    name: view.name,
    description: view.description,
    admins: view.admins,
    members: [...accounts].sort(),
    relays: view.routing.relays,
    retention: view.retention.toString(),
  }
}
