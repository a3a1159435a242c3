/**
 * Making a commit.
 *
 * @module
 */
import type { EntropyService } from "../services/entropy.ts"
import type { CommitPreview } from "./commit_preview.ts"
import type { Extension } from "./extension.ts"
import type { MlsGroup } from "./group.ts"
import type { MlsPolicy } from "./policy.ts"
import type { InlineProposal, LeafPatch } from "./proposal_request.ts"
import type { FramingOptions } from "./propose.ts"

/** What a commit is to contain and how it is sent. */
export interface CommitOptions extends FramingOptions {
  /** Source of every fresh key. */
  readonly entropy: EntropyService
  /**
   * Pending proposals to commit by reference, in this order. `all` (the default) takes every one
   * that can be committed by us: not our own Update or SelfRemove, and of several for one leaf the
   * strongest (SelfRemove, Remove, latest Update).
   */
  readonly references?: "all" | ReadonlyArray<Uint8Array>
  /** Proposals inside the commit, in this order, after the references. */
  readonly proposals?: ReadonlyArray<InlineProposal>
  /** `auto` (default): an UpdatePath only where RFC 9420 or the draft ask for one. */
  readonly path?: "auto" | "force"
  /** Changes of our own leaf; forces a path. */
  readonly leaf?: LeafPatch
  /** `inside` (default): the Welcome's GroupInfo carries the ratchet tree. */
  readonly ratchetTree?: "inside" | "beside"
  /** Extra extensions of the Welcome's GroupInfo. */
  readonly groupInfoExtensions?: ReadonlyArray<Extension>
  /** Lifetimes and PSKs. */
  readonly policy?: MlsPolicy
}

/** A commit of our own that nobody has seen yet. */
export interface OwnCommit {
  /** The commit as an MLSMessage. */
  readonly message: Uint8Array
  /** One Welcome for all new members, as an MLSMessage; `undefined` without an Add. */
  readonly welcome: Uint8Array | undefined
  /** GroupInfo of the next state, as an MLSMessage. */
  readonly groupInfo: Uint8Array
  /** The next state's tree, for joiners when it is not inside the Welcome. */
  readonly ratchetTree: Uint8Array
  /** Everything that it does. */
  readonly preview: CommitPreview
  /** The next state: use it once the commit is accepted, or retire it. */
  readonly next: MlsGroup
}

/**
 * Makes a commit on any retained state. The given value stays as it is and stays usable: several
 * commits on one state can stand side by side.
 *
 * @throws MlsError with the rule that the choice of proposals breaks.
 */
export function commit(_group: MlsGroup, _options: CommitOptions): OwnCommit {
  throw new Error("not yet")
}
