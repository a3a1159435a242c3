/**
 * Sending a proposal of our own.
 *
 * @module
 */
import { equalBytes } from "../crypto/secret.ts"
import type { EntropyService } from "../services/entropy.ts"
import type { FramingOptions } from "./framing_options.ts"
import { groupOf, type MlsGroup, stateOf } from "./group.ts"
import { type GroupState, successor } from "./group_state.ts"
import { refuse } from "./mls_error.ts"
import { frameContent, signContent } from "./own_content.ts"
import { type FreshLeafKeys, freshLeafKeys, signOwnLeaf } from "./own_leaf.ts"
import { nextOrder } from "./pending_proposal.ts"
import type { MlsPolicy } from "./policy.ts"
import { checkStandalone, proposalRef } from "./process_proposal.ts"
import type { Proposal } from "./proposal.ts"
import type { ProposalRequest } from "./proposal_request.ts"
import { proposalFor } from "./requested_proposal.ts"

/** What {@link propose} needs besides the proposal. */
export interface ProposeOptions extends FramingOptions {
  /** Source of keys and nonces. */
  readonly entropy: EntropyService
  /** Checked for an Add. */
  readonly policy?: MlsPolicy
}

/** A proposal of our own. */
export interface Proposed {
  /** The next value, in which the proposal is pending. */
  readonly group: MlsGroup
  /** The MLSMessage. */
  readonly message: Uint8Array
  /** `ProposalRef`, 32 bytes. */
  readonly ref: Uint8Array
}

/**
 * Makes a proposal message; the proposal is pending in the next value.
 *
 * @throws MlsError `invalid-proposal`, `invalid-argument`, or what a bad Add breaks.
 */
export function propose(
  group: MlsGroup,
  request: ProposalRequest,
  options: ProposeOptions,
): Proposed {
  const state = stateOf(group)
  if (request.type === "selfRemove" && options.wireFormat === "private") {
    refuse("invalid-argument")
  }
  if (state.proposals.length >= state.limits.pendingProposals) refuse("invalid-argument")
  const { proposal, own } = requested(state, request, options.entropy)
  const signed = signContent(state, { kind: "proposal", proposal }, options)
  checkStandalone(state, proposal, state.ownLeaf, signed.wireFormat, options.policy ?? {})
  const framed = frameContent(state, signed, undefined, options)
  const auth = { signature: signed.signature, confirmationTag: undefined }
  const ref = proposalRef(state.crypto, signed.wireFormat, signed.content.bytes, auth)
  const stored = {
    ref,
    sender: state.ownLeaf,
    proposal,
    digest: state.crypto.sha256(framed.message),
    own,
    order: nextOrder(state.proposals),
  }
  const next = successor(state, {
    proposals: [...state.proposals, stored],
    ...(framed.secretTree === undefined ? {} : { secretTree: framed.secretTree }),
  })
  return { group: groupOf(next), message: framed.message, ref }
}

function requested(
  state: GroupState,
  request: ProposalRequest,
  entropy: EntropyService,
): { readonly proposal: Proposal; readonly own: FreshLeafKeys | undefined } {
  if (request.type === "selfRemove") return { proposal: { type: "selfRemove" }, own: undefined }
  if (request.type !== "update") return { proposal: proposalFor(request, entropy), own: undefined }
  const { crypto, ownLeaf, context } = state
  const own = freshLeafKeys(entropy, request.patch)
  const leafNode = signOwnLeaf(
    crypto,
    state.tree.leaves[ownLeaf] ?? refuse("removed"),
    request.patch,
    own,
    (own.signatureSeed ?? state.keys.signature).signingKey(crypto),
    { kind: "update" },
    context.groupId,
    ownLeaf,
  )
  return { proposal: { type: "update", leafNode }, own }
}

/**
 * The value without one pending proposal. A commit that refers to it can then not be processed any
 * more, so this is for proposals that the caller's own rules refuse. Unknown refs change nothing.
 */
export function forgetProposal(group: MlsGroup, ref: Uint8Array): MlsGroup {
  const state = stateOf(group)
  const proposals = state.proposals.filter((p) => !equalBytes(p.ref, ref))
  if (proposals.length === state.proposals.length) return group
  return groupOf(successor(state, { proposals }))
}
