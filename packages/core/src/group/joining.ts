/**
 * Joining by a Welcome (spec 9): one tentative operation that changes nothing unless every check
 * passes, and nothing at all until the caller keeps the result.
 *
 * @module
 */
import type { CryptoProvider } from "../crypto/mod.ts"
import type { PublicKey } from "../identity/mod.ts"
import { join, type OwnKeyPackage, retire } from "../mls/mod.ts"
import type { GroupProfile } from "./group_profile.ts"
import { accountsOf, groupIdOf, type GroupState, retain, summaryOf } from "./group_state.ts"
import { checkInvariants } from "./invariants.ts"
import { proveLeaf } from "./leaf_check.ts"
import { refuse } from "./refusal.ts"

/** What joining needs. */
export interface JoiningInput {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** Who joins. */
  readonly self: PublicKey
  /** Order among groups. */
  readonly position: number
  /** The Welcome as an MLSMessage. */
  readonly welcome: Uint8Array
  /** Own KeyPackages that it may be for. */
  readonly keyPackages: ReadonlyArray<OwnKeyPackage>
  /** The proven author of the rumor that brought it. */
  readonly author: PublicKey
}

/** A group that can be joined. */
export interface JoinableGroup {
  /** The group as it would be. */
  readonly group: GroupState
  /** Which KeyPackage the Welcome was for. */
  readonly keyPackage: OwnKeyPackage
  /** Who invites: the member who signed the group state, an admin. */
  readonly inviter: PublicKey
}

/**
 * Opens a Welcome and checks the whole group: the proof of every leaf, the inviter, every invariant.
 *
 * Whether a live copy of the group is here already is for the caller to check, who knows the storage.
 *
 * @throws MlsError `not-for-us` when no KeyPackage fits, and what the MLS group breaks
 * @throws {GroupRefusal} `bad-proof`, `wrong-inviter`, `not-from-admin`, and broken invariants
 */
export function openWelcome(profile: GroupProfile, input: JoiningInput): JoinableGroup {
  const { crypto, self } = input
  const joined = join({ crypto, welcome: input.welcome, keyPackages: input.keyPackages })
  const mls = joined.group
  try {
    const members = mls.members()
    const accounts = new Map(members.map((member) => [member.leafIndex, proveLeaf(member)]))
    if (accounts.get(mls.ownLeaf) !== self) refuse("bad-proof")
    const inviter = accounts.get(joined.inviter.leafIndex) ?? refuse("wrong-inviter")
    if (inviter !== input.author) refuse("wrong-inviter")
    const view = checkInvariants(profile, mls.context, members, undefined)
    if (!view.admins.includes(inviter)) refuse("not-from-admin")
    if (view.lifecycle === "disbanded") refuse("not-active")
    return {
      group: {
        id: groupIdOf(crypto, mls.groupId),
        mlsGroupId: mls.groupId,
        self,
        position: input.position,
        status: "active",
        states: [retain(profile, mls, view)],
        pending: undefined,
        summary: summaryOf(view, accountsOf(mls)),
      },
      keyPackage: joined.keyPackage,
      inviter,
    }
  } catch (error) {
    retire(mls)
    throw error
  }
}
