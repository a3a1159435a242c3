/**
 * What a message of the group turned out to be.
 *
 * @module
 */
import type { CommitPreview } from "./commit_preview.ts"
import type { MlsGroup } from "./group.ts"
import type { Member } from "./member.ts"
import type { PendingProposal } from "./pending_proposal.ts"

/** Application data that was read. */
export interface ApplicationReceived {
  /** Discriminant. */
  readonly kind: "application"
  /** The next value, whose ratchet cannot read this message again. */
  readonly group: MlsGroup
  /** The sender, as it is in this state. */
  readonly sender: Member
  /** Epoch of the message, the one of this state. */
  readonly epoch: bigint
  /** Generation of its key in the sender's ratchet. */
  readonly generation: number
  /** How many earlier messages of the sender in this epoch did not arrive and could still be read. */
  readonly missing: number
  /** The application data. */
  readonly plaintext: Uint8Array
  /** `authenticated_data`. */
  readonly authenticatedData: Uint8Array
}

/** A proposal that is now pending. */
export interface ProposalReceived {
  /** Discriminant. */
  readonly kind: "proposal"
  /** The next value. A proposal that is already pending changes nothing. */
  readonly group: MlsGroup
  /** The sender, as it is in this state. */
  readonly sender: Member
  /** The proposal. */
  readonly proposal: PendingProposal
  /** Whether it was pending before. */
  readonly repeated: boolean
  /** `authenticated_data`. */
  readonly authenticatedData: Uint8Array
}

/** A commit that was checked completely. Nothing is changed until the caller uses `next`. */
export interface CommitReceived {
  /** Discriminant. */
  readonly kind: "commit"
  /** Everything that it does. */
  readonly preview: CommitPreview
  /** The next state; `undefined` when the commit removes us. Unwanted: {@link retire} it. */
  readonly next: MlsGroup | undefined
}

/** What a message of the group turned out to be. */
export type Processed = ApplicationReceived | ProposalReceived | CommitReceived
