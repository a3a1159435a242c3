/**
 * Taking a proposal in.
 *
 * @module
 */
import type { CryptoProvider } from "../crypto/provider.ts"
import { equalBytes } from "../crypto/secret.ts"
import { checkContextExtensions } from "./context_extensions.ts"
import { authenticatedContentBytes, type FramedAuth } from "./framed_content.ts"
import type { GroupState } from "./group_state.ts"
import { validateKeyPackage } from "./key_package.ts"
import { refHash } from "./labeled.ts"
import { checkUpdateLeaf } from "./leaf_successor.ts"
import { refuse } from "./mls_error.ts"
import {
  nextOrder,
  type PendingProposal,
  pendingView,
  type StoredProposal,
} from "./pending_proposal.ts"
import type { MlsPolicy } from "./policy.ts"
import type { Proposal } from "./proposal.ts"
import { checkProposalType } from "./proposal_rules.ts"
import { WireFormat } from "./registry.ts"
import type { VerifiedContent } from "./verified_content.ts"

/** `MakeProposalRef`: 32 bytes. */
export function proposalRef(
  crypto: CryptoProvider,
  wireFormat: number,
  content: Uint8Array,
  auth: FramedAuth,
): Uint8Array {
  return refHash(
    crypto,
    "MLS 1.0 Proposal Reference",
    authenticatedContentBytes(wireFormat, content, auth),
  )
}

/** What became of a proposal. */
export interface AcceptedProposal {
  /** The proposal as it is pending. */
  readonly proposal: PendingProposal
  /** The new list of pending proposals; `undefined` when it was pending before. */
  readonly proposals: ReadonlyArray<StoredProposal> | undefined
}

/** Checks a proposal as far as it stands on its own, and adds it to the pending ones. */
export function acceptProposal(
  state: GroupState,
  verified: VerifiedContent,
  proposal: Proposal,
  policy: MlsPolicy,
): AcceptedProposal {
  const { crypto } = state
  const { sender, wireFormat, auth, content } = verified
  const ref = proposalRef(crypto, wireFormat, content.bytes, auth)
  const known = state.proposals.find((p) => equalBytes(p.ref, ref))
  if (known !== undefined) return { proposal: pendingView(known), proposals: undefined }
  checkStandalone(state, proposal, sender, wireFormat, policy)
  if (state.proposals.length >= state.limits.pendingProposals) refuse("policy")
  const { proposalsPerLeaf = Infinity } = policy
  const others = state.proposals.filter((one) => one.sender === sender)
  if (others.length >= proposalsPerLeaf) refuse("policy")
  const stored: StoredProposal = {
    ref,
    sender,
    proposal,
    digest: crypto.sha256(verified.message),
    own: undefined,
    order: nextOrder(state.proposals),
  }
  return { proposal: pendingView(stored), proposals: [...state.proposals, stored] }
}

/**
 * Checks a proposal that is sent on its own.
 *
 * @throws MlsError with the rule that it breaks whatever it is committed with.
 */
export function checkStandalone(
  state: GroupState,
  proposal: Proposal,
  sender: number,
  wireFormat: number,
  policy: MlsPolicy,
): void {
  const { crypto } = state
  checkProposalType(proposal, policy)
  switch (proposal.type) {
    case "add":
      validateKeyPackage(crypto, proposal.keyPackage, policy.lifetime)
      break
    case "update":
      checkUpdateLeaf(crypto, state, proposal.leafNode, sender)
      break
    case "remove":
      if (state.tree.leaves[proposal.leafIndex] === undefined) refuse("invalid-proposal")
      break
    case "groupContextExtensions":
      checkContextExtensions(proposal.extensions)
      break
    case "selfRemove":
      if (wireFormat !== WireFormat.publicMessage) refuse("invalid-proposal")
  }
}
