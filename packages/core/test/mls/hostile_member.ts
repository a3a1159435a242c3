/**
 * A member who signs whatever it likes: correct keys, no validation.
 *
 * @module
 */
import { systemEntropy } from "../../src/services/entropy.ts"
import type { CommitContent, ProposalOrRef } from "../../src/mls/framed_content.ts"
import { type MlsGroup, stateOf } from "../../src/mls/group.ts"
import { encodeGroupContext } from "../../src/mls/group_context.ts"
import type { LeafNode } from "../../src/mls/leaf_node.ts"
import { provisionalContext } from "../../src/mls/next_epoch.ts"
import { frameContent, signContent } from "../../src/mls/own_content.ts"
import { signOwnLeaf } from "../../src/mls/own_leaf.ts"
import { PrivateKey } from "../../src/mls/own_keys.ts"
import { proposalRef } from "../../src/mls/process_proposal.ts"
import type { Proposal } from "../../src/mls/proposal.ts"
import type { LeafPatch } from "../../src/mls/proposal_request.ts"
import { filteredDirectPath, TreeDraft } from "../../src/mls/ratchet_tree.ts"
import { treeHashOf } from "../../src/mls/tree_hash.ts"
import { encryptPath, freshPath, placePath } from "../../src/mls/tree_kem.ts"
import type { UpdatePath } from "../../src/mls/update_path.ts"

const tag = new Uint8Array(32).fill(7)

/** A validly signed proposal message, and its reference. */
export function sendProposal(
  group: MlsGroup,
  proposal: Proposal,
  wireFormat: "public" | "private" = "public",
): { message: Uint8Array; ref: Uint8Array } {
  const state = stateOf(group)
  const signed = signContent(state, { kind: "proposal", proposal }, { wireFormat })
  const framed = frameContent(state, signed, undefined, { entropy: systemEntropy })
  const auth = { signature: signed.signature, confirmationTag: undefined }
  return {
    message: framed.message,
    ref: proposalRef(state.crypto, signed.wireFormat, signed.content.bytes, auth),
  }
}

/** A validly signed commit message with an arbitrary confirmation tag. */
export function sendCommit(group: MlsGroup, commit: CommitContent): Uint8Array {
  const state = stateOf(group)
  const signed = signContent(state, { kind: "commit", commit }, {})
  return frameContent(state, signed, tag, { entropy: systemEntropy }).message
}

/** Inline proposals. */
export function inline(...proposals: ReadonlyArray<Proposal>): Array<ProposalOrRef> {
  return proposals.map((proposal) => ({ kind: "proposal", proposal }))
}

/** What can be wrong with a path. */
export interface PathFault {
  /** Changes of the leaf before it is signed. */
  readonly patch?: LeafPatch
  /** Another parent hash in the leaf. */
  readonly parentHash?: Uint8Array
  /** Encryption key of the leaf. */
  readonly leafKey?: Uint8Array
  /** Changes of the finished path. */
  readonly change?: (path: UpdatePath) => UpdatePath
  /** Public keys of the nodes. */
  readonly publicKeys?: (keys: ReadonlyArray<Uint8Array>) => ReadonlyArray<Uint8Array>
}

/** A path over the tree as it is (no proposals), right but for the fault. */
export function badPath(group: MlsGroup, fault: PathFault): UpdatePath {
  const state = stateOf(group)
  const { crypto, ownLeaf, context } = state
  const draft = new TreeDraft(state.tree)
  const filtered = filteredDirectPath(draft, ownLeaf)
  const made = freshPath(crypto, systemEntropy, filtered.length)
  const fresh = { ...made, publicKeys: fault.publicKeys?.(made.publicKeys) ?? made.publicKeys }
  const parentHash = placePath(crypto, draft, ownLeaf, filtered, fresh.publicKeys)
  const before = state.tree.leaves[ownLeaf] as LeafNode
  const leafNode = signOwnLeaf(
    crypto,
    before,
    fault.patch,
    {
      leafKey: PrivateKey.copyOf(fault.leafKey ?? systemEntropy.bytes(32)),
      signatureSeed: undefined,
    },
    state.keys.signature.signingKey(crypto),
    { kind: "commit", parentHash: fault.parentHash ?? parentHash },
    context.groupId,
    ownLeaf,
  )
  draft.setLeaf(ownLeaf, leafNode)
  const provisional = provisionalContext(context, treeHashOf(crypto, draft), context.extensions)
  const nodes = encryptPath(
    crypto,
    systemEntropy,
    draft,
    filtered,
    fresh,
    new Set(),
    encodeGroupContext(provisional),
  )
  return fault.change?.({ leafNode, nodes }) ?? { leafNode, nodes }
}
