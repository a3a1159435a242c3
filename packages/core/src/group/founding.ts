/**
 * Founding: epoch 0 alone, and with invitees one Add commit to epoch 1 that is never published
 * (spec 6.1).
 *
 * @module
 */
import { encodeHex } from "../codec/mod.ts"
import type { CryptoProvider } from "../crypto/mod.ts"
import type { PublicKey } from "../identity/mod.ts"
import {
  appDataDictionaryExtension,
  commit,
  createGroup,
  type KeyPackage,
  type MlsGroup,
  type OwnKeyPackage,
  requiredCapabilitiesExtension,
  retire,
} from "../mls/mod.ts"
import type { EntropyService } from "../services/mod.ts"
import type { GroupProfile } from "./group_profile.ts"
import { accountsOf, groupIdOf, type GroupState, retain, summaryOf } from "./group_state.ts"
import { checkInvariants } from "./invariants.ts"
import { proveLeaf } from "./leaf_check.ts"
import { refuse } from "./refusal.ts"

/** What founding needs. */
export interface FoundingInput {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** Randomness. */
  readonly entropy: EntropyService
  /** Unix seconds. */
  readonly now: number
  /** Order among groups. */
  readonly position: number
  /** The founder. */
  readonly self: PublicKey
  /** The leaf and keys of the founder; wiped by the caller. */
  readonly creator: OwnKeyPackage
  /** Name, at most 256 bytes. */
  readonly name: string
  /** Description, at most 4096 bytes. */
  readonly description: string
  /** 1 to 16 relays. */
  readonly relays: ReadonlyArray<string>
  /** Seconds that messages stay. */
  readonly retention: bigint | undefined
  /** KeyPackages of the invitees. */
  readonly invitees: ReadonlyArray<KeyPackage>
}

/** A new group. */
export interface Founded {
  /** The group, canonical at once. */
  readonly group: GroupState
  /** The Welcome for all invitees, as an MLSMessage. */
  readonly welcome: Uint8Array | undefined
}

/**
 * Founds a group.
 *
 * @throws ComponentError for a name, description or relay outside its bounds
 * @throws {GroupRefusal}, MlsError when an invitee does not fit
 */
export function found(profile: GroupProfile, input: FoundingInput): Founded {
  const { crypto, entropy, self } = input
  const states = profile.foundingComponents({
    name: input.name,
    description: input.description,
    founder: self,
    nostrGroupId: encodeHex(entropy.bytes(32)),
    relays: input.relays,
    retention: input.retention,
  })
  const epoch0 = createGroup({
    crypto,
    entropy,
    groupId: entropy.bytes(profile.groupIdBytes),
    creator: input.creator,
    extensions: [
      requiredCapabilitiesExtension(profile.foundingCapabilities),
      appDataDictionaryExtension(
        [...states].map(([componentId, data]) => ({ componentId, data })),
      ),
    ],
  })
  if (input.invitees.length === 0) {
    return { group: foundedGroup(profile, input, epoch0), welcome: undefined }
  }
  for (const { leafNode } of input.invitees) {
    const account = proveLeaf({ ...leafNode, identity: leafNode.credential.content })
    if (account === self) refuse("already-member")
  }
  const made = commit(epoch0, {
    entropy,
    proposals: input.invitees.map((keyPackage) => ({ type: "add", keyPackage })),
    path: "force",
    wireFormat: "public",
    policy: { lifetime: { ...profile.policy.lifetime, now: BigInt(input.now) } },
  })
  const group = foundedGroup(profile, input, made.next)
  retire(epoch0)
  return { group, welcome: made.welcome }
}

const foundedGroup = (
  profile: GroupProfile,
  input: FoundingInput,
  mls: MlsGroup,
): GroupState => {
  const view = checkInvariants(profile, mls.context, mls.members(), undefined)
  return {
    id: groupIdOf(input.crypto, mls.groupId),
    mlsGroupId: mls.groupId,
    self: input.self,
    position: input.position,
    status: "active",
    states: [retain(profile, mls, view)],
    pending: undefined,
    summary: summaryOf(view, accountsOf(mls)),
  }
}
