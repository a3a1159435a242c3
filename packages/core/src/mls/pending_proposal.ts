/**
 * Proposals that a state keeps until a commit refers to them.
 *
 * @module
 */
import type { Proposal } from "./proposal.ts"
import type { PrivateKey } from "./own_keys.ts"

/** A proposal that was received or made in this epoch. */
export interface PendingProposal {
  /** `ProposalRef`, 32 bytes. */
  readonly ref: Uint8Array
  /** Leaf of its sender. */
  readonly sender: number
  /** The proposal. */
  readonly proposal: Proposal
  /** SHA-256 of the MLSMessage that brought it, 32 bytes. */
  readonly digest: Uint8Array
}

/** A pending proposal as a state keeps it. */
export interface StoredProposal extends PendingProposal {
  /** Ascending in the order in which the proposals came. */
  readonly order: number
  /** For an Update of our own: the new leaf key, and the new signature seed if it changes. */
  readonly own: OwnUpdateKeys | undefined
}

/** Private keys that take effect when somebody commits our Update. */
export interface OwnUpdateKeys {
  /** X25519 key of the new leaf. */
  readonly leafKey: PrivateKey
  /** Ed25519 key of the new leaf, when the Update changes it. */
  readonly signatureSeed: PrivateKey | undefined
}

/** What callers see of a stored proposal. */
export function pendingView({ ref, sender, proposal, digest }: StoredProposal): PendingProposal {
  return { ref, sender, proposal, digest }
}

/** The order of the proposal that comes next. */
export function nextOrder(proposals: ReadonlyArray<StoredProposal>): number {
  return (proposals.at(-1)?.order ?? -1) + 1
}
