/**
 * Commits of our own: made, kept with their next state until a relay acknowledged them, then applied;
 * or abandoned as if they had never been (spec 12).
 *
 * @module
 */
import { encodeHex } from "../codec/mod.ts"
import type { CryptoProvider } from "../crypto/mod.ts"
import { commit, type InlineProposal, type KeyPackage, messageDigest } from "../mls/mod.ts"
import { sealGroupEvent } from "../nostr/mod.ts"
import type { EntropyService, NostrEvent } from "../services/mod.ts"
import { adopt, type Adopted } from "./adoption.ts"
import { authorizeCommit } from "./authorization.ts"
import type { GroupProfile } from "./group_profile.ts"
import { accountsOf, type GroupState, retain, tipOf } from "./group_state.ts"
import { checkInvariants } from "./invariants.ts"
import { accountOf } from "./leaf_check.ts"
import { refuse } from "./refusal.ts"

/** What making a commit needs. */
export interface CommitInput {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** Randomness. */
  readonly entropy: EntropyService
  /** Unix seconds. */
  readonly now: number
  /** The intent that it serves. */
  readonly intent: string
}

/** What inviting needs. */
export interface InviteInput extends CommitInput {
  /** True when members are added anew: the leaves that they have are removed by the same commit. */
  readonly again?: boolean
}

/** A commit that is ready to be published, not applied. */
export interface Prepared {
  /** The group with the pending commit. */
  readonly group: GroupState
  /** The kind 445 event, under the key and to the address of the state that it leaves. */
  readonly event: NostrEvent
  /** Where it goes: the relays of the state that it leaves. */
  readonly relays: ReadonlyArray<string>
  /** The Welcome as an MLSMessage, when somebody joins. */
  readonly welcome: Uint8Array | undefined
}

/**
 * Prepares the commit that adds people; `again` those too who are members.
 *
 * @throws {GroupRefusal} `not-active`, `pending`, `not-admin`, `already-member`, or what the result
 * would break
 * @throws MlsError when a KeyPackage does not fit the group
 */
export function prepareInvite(
  profile: GroupProfile,
  group: GroupState,
  keyPackages: ReadonlyArray<KeyPackage>,
  input: InviteInput,
): Prepared {
  const tip = tipOf(group) ?? refuse("not-active")
  if (keyPackages.length === 0) refuse("invalid-argument")
  const invited = new Set(
    keyPackages.map(({ leafNode }) => accountOf({ identity: leafNode.credential.content })),
  )
  const old = tip.mls.members().filter((member) => invited.has(accountOf(member)))
  const isMember = invited.has(group.self) || (old.length > 0 && input.again !== true)
  if (isMember) refuse("already-member")
  if (!tip.view.admins.includes(group.self)) refuse("not-admin")
  return prepare(profile, group, [
    ...old.map(({ leafIndex }): InlineProposal => ({ type: "remove", leafIndex })),
    ...keyPackages.map((keyPackage): InlineProposal => ({ type: "add", keyPackage })),
  ], input)
}

const prepare = (
  profile: GroupProfile,
  group: GroupState,
  proposals: ReadonlyArray<InlineProposal>,
  input: CommitInput,
): Prepared => {
  const tip = tipOf(group) ?? refuse("not-active")
  if (group.pending !== undefined) refuse("pending")
  const { crypto, entropy } = input
  const made = commit(tip.mls, {
    entropy,
    references: [],
    proposals,
    path: "force",
    wireFormat: "public",
    policy: { lifetime: { ...profile.policy.lifetime, now: BigInt(input.now) } },
  })
  authorizeCommit(profile, made.preview, tip.view, tip.mls.memberCount)
  const view = checkInvariants(profile, made.preview.context, made.preview.members(), tip.view)
  const event = sealGroupEvent({
    nostrGroupId: tip.view.routing.nostrGroupId,
    key: tip.outerKey.bytes,
    message: made.message,
    createdAt: input.now,
  }, entropy)
  const digest = encodeHex(messageDigest(crypto, made.message))
  const state = retain(profile, made.next, view)
  return {
    group: { ...group, pending: { intent: input.intent, digest, state } },
    event,
    relays: tip.view.routing.relays,
    welcome: made.welcome,
  }
}

/**
 * Applies the pending commit, after a relay acknowledged it.
 *
 * @throws {GroupRefusal} `not-active` when there is none
 */
export function applyPending(profile: GroupProfile, group: GroupState): Adopted {
  const { pending } = group
  if (pending === undefined) return refuse("not-active")
  const { state, digest } = pending
  return adopt(profile, { ...group, pending: undefined }, state, {
    digest,
    actor: group.self,
    leavers: new Set(),
    epoch: state.mls.epoch,
    view: state.view,
    accounts: accountsOf(state.mls),
  })
}

/** Forgets the pending commit; the state is the one before. Its next state is to be retired. */
export function abandonPending(group: GroupState): GroupState {
  return { ...group, pending: undefined }
}
