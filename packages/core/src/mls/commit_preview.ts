/**
 * What a commit would do, complete before anybody adopts it.
 *
 * @module
 */
import type { AppDataUpdate } from "./app_data.ts"
import type { GroupContext } from "./group_context.ts"
import type { Member } from "./member.ts"
import type { Proposal } from "./proposal.ts"

/** One proposal of a commit, with its authenticated sender. */
export interface CommittedProposal {
  /** The proposal. */
  readonly proposal: Proposal
  /** Leaf of the member who proposed it; for an inline proposal the committer. */
  readonly sender: number
  /** Its `ProposalRef` when it was committed by reference. */
  readonly ref: Uint8Array | undefined
}

/** A leaf that the commit vacates. */
export interface RemovedMember {
  /** The member as it was. */
  readonly member: Member
  /** `self_remove`: it asked for it itself; `remove`: somebody else did. */
  readonly by: "remove" | "self_remove"
  /** Leaf of the proposal's sender. */
  readonly proposer: number
}

/** A leaf whose content the commit replaces. */
export interface ChangedMember {
  /** As it was. */
  readonly before: Member
  /** As it becomes. */
  readonly after: Member
  /** `commit`: the committer's own path; `update`: an Update proposal. */
  readonly by: "commit" | "update"
}

/** A commit that was checked completely and changed nothing yet. */
export interface CommitPreview {
  /** Epoch that the commit was made in. */
  readonly epoch: bigint
  /** The committer, as it is in that epoch. */
  readonly committer: Member
  /** All proposals in commit order. */
  readonly proposals: ReadonlyArray<CommittedProposal>
  /** True when the commit has an UpdatePath. */
  readonly hasPath: boolean
  /** New members in the order of their Adds. */
  readonly added: ReadonlyArray<Member>
  /** Former members. A leaf may be in `added` too, for somebody else. */
  readonly removed: ReadonlyArray<RemovedMember>
  /** Members that stay with a new leaf. */
  readonly changed: ReadonlyArray<ChangedMember>
  /** Changes of the dictionary, in commit order. */
  readonly appDataUpdates: ReadonlyArray<AppDataUpdate>
  /** True when our own leaf is among `removed`: there is no next state for us. */
  readonly ownRemoval: boolean
  /** The resulting GroupContext, tree hash included. */
  readonly context: GroupContext
  /** `authenticated_data` of the message. */
  readonly authenticatedData: Uint8Array
  /** The members that result, in leaf order; computed when called. */
  readonly members: () => ReadonlyArray<Member>
}
