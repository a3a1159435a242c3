/**
 * Checking somebody's commit and computing the next state (RFC 9420 section 12.4.2).
 *
 * @module
 */
import { equalBytes } from "../crypto/secret.ts"
import { addedSet, applyPublicPath, previewOf } from "./commit_effect.ts"
import type { CommitPreview } from "./commit_preview.ts"
import type { CommitContent, ProposalOrRef } from "./framed_content.ts"
import type { GroupState } from "./group_state.ts"
import { pskSecret, secretLength } from "./key_schedule.ts"
import { encodeGroupContext } from "./group_context.ts"
import { refuse } from "./mls_error.ts"
import {
  confirmedTranscriptHash,
  interimTranscriptHash,
  nextEpoch,
  provisionalContext,
} from "./next_epoch.ts"
import { OwnKeys } from "./own_keys.ts"
import type { MlsPolicy } from "./policy.ts"
import { applyProposals } from "./proposal_list.ts"
import type { ListedProposal } from "./proposal_rules.ts"
import { SecretTree } from "./secret_tree.ts"
import { treeHashOf } from "./tree_hash.ts"
import { type LearnedPath, nextOwnKeys, openPath } from "./tree_kem.ts"
import type { VerifiedContent } from "./verified_content.ts"

/** A checked commit. */
export interface CheckedCommit {
  /** What it does. */
  readonly preview: CommitPreview
  /** The next state; `undefined` when we are removed. */
  readonly next: GroupState | undefined
}

/** Resolves references; an Update or SelfRemove inside a commit is refused. */
export function resolveProposals(
  state: GroupState,
  proposals: ReadonlyArray<ProposalOrRef>,
  committer: number,
): ReadonlyArray<ListedProposal> {
  return proposals.map((p) => {
    if (p.kind === "reference") {
      return state.proposals.find((s) => equalBytes(s.ref, p.ref)) ?? refuse("unknown-proposal")
    }
    if (p.proposal.type === "update" || p.proposal.type === "selfRemove") {
      refuse("invalid-proposal-list")
    }
    return { proposal: p.proposal, sender: committer, ref: undefined, own: undefined }
  })
}

/** Checks a commit completely. The state stays as it is. */
export function processCommit(
  state: GroupState,
  verified: VerifiedContent,
  commit: CommitContent,
  policy: MlsPolicy,
): CheckedCommit {
  const { crypto, ownLeaf } = state
  const { sender: committer, auth, content, wireFormat } = verified
  const tag = auth.confirmationTag ?? refuse("malformed")
  const list = resolveProposals(state, commit.proposals, committer)
  const applied = applyProposals(state, list, committer, policy)
  const { draft } = applied
  const { path } = commit
  if (path === undefined && applied.needsPath) refuse("invalid-commit")
  const filtered = path === undefined ? [] : applyPublicPath(state, applied, committer, path)
  const treeHash = treeHashOf(crypto, draft)
  const provisional = provisionalContext(state.context, treeHash, applied.extensions)
  const context = {
    ...provisional,
    confirmedTranscriptHash: confirmedTranscriptHash(
      crypto,
      state.interimTranscriptHash,
      wireFormat,
      content.bytes,
      auth.signature,
    ),
  }
  const tree = { leaves: draft.leaves, parents: draft.parents, hashes: draft.hashes }
  const preview = previewOf({
    state,
    committer,
    list,
    applied,
    tree,
    pathLeaf: path?.leafNode,
    context,
    authenticatedData: content.authenticatedData,
  })
  if (applied.ownRemoval) return { preview, next: undefined }

  const psk = pskSecret(crypto, applied.psks, policy.psk)
  const keys = keysAfterProposals(state, applied.ownUpdate)
  try {
    const learned: LearnedPath = path === undefined
      ? { keys: new Map(), commitSecret: new Uint8Array(secretLength) }
      : openPath(
        crypto,
        draft,
        filtered,
        path.nodes,
        addedSet(applied),
        ownLeaf,
        keys,
        encodeGroupContext(provisional),
      )
    const next = nextEpoch(state, context, learned.commitSecret, psk)
    learned.commitSecret.fill(0)
    next.joiner.fill(0)
    next.welcome.fill(0)
    if (!equalBytes(next.confirmationTag, tag)) {
      next.secrets.release()
      next.encryptionSecret.fill(0)
      for (const key of learned.keys.values()) key.release()
      refuse("bad-confirmation-tag")
    }
    const nextKeys = new OwnKeys(
      keys.leaf.retain(),
      nextOwnKeys(state.tree, tree, keys, learned.keys),
      keys.signature.retain(),
    )
    return {
      preview,
      next: {
        crypto,
        limits: state.limits,
        context,
        contextBytes: next.contextBytes,
        confirmationTag: next.confirmationTag,
        interimTranscriptHash: interimTranscriptHash(
          crypto,
          context.confirmedTranscriptHash,
          next.confirmationTag,
        ),
        tree,
        ownLeaf,
        keys: nextKeys,
        secrets: next.secrets,
        secretTree: SecretTree.ofEncryptionSecret(tree.leaves.length, next.encryptionSecret),
        proposals: [],
      },
    }
  } finally {
    psk.fill(0)
    keys.release()
  }
}

/** Our keys once the proposals took effect; the caller holds the result once. */
function keysAfterProposals(
  state: GroupState,
  update: ReturnType<typeof applyProposals>["ownUpdate"],
): OwnKeys {
  if (update === undefined) return state.keys.retain()
  return new OwnKeys(
    update.leafKey.retain(),
    new Map(),
    (update.signatureSeed ?? state.keys.signature).retain(),
  )
}
