/**
 * Making a commit.
 *
 * @module
 */
import { equalBytes } from "../crypto/secret.ts"
import type { EntropyService } from "../services/entropy.ts"
import { addedSet, previewOf } from "./commit_effect.ts"
import type { CommitPreview } from "./commit_preview.ts"
import { checkCapabilities } from "./context_extensions.ts"
import { decodeBoundary } from "./decode_boundary.ts"
import type { Extension } from "./extension.ts"
import type { ProposalOrRef } from "./framed_content.ts"
import type { FramingOptions } from "./framing_options.ts"
import { groupOf, type MlsGroup, stateOf } from "./group.ts"
import { encodeGroupContext } from "./group_context.ts"
import type { GroupState } from "./group_state.ts"
import { checkLeafKeysUnique } from "./key_uniqueness.ts"
import { pskSecret, secretLength } from "./key_schedule.ts"
import { refuse } from "./mls_error.ts"
import {
  confirmedTranscriptHash,
  interimTranscriptHash,
  nextEpoch,
  provisionalContext,
} from "./next_epoch.ts"
import { frameContent, signContent } from "./own_content.ts"
import { OwnKeys, type PrivateKey } from "./own_keys.ts"
import { makeOwnPath, type OwnPath } from "./own_path.ts"
import type { MlsPolicy } from "./policy.ts"
import { applyProposals } from "./proposal_list.ts"
import type { InlineProposal, LeafPatch } from "./proposal_request.ts"
import type { ListedProposal } from "./proposal_rules.ts"
import { encodeRatchetTree } from "./ratchet_tree.ts"
import { proposalFor } from "./requested_proposal.ts"
import { SecretTree } from "./secret_tree.ts"
import { treeHashOf } from "./tree_hash.ts"
import { nextOwnKeys } from "./tree_kem.ts"
import { makeWelcome, signGroupInfo } from "./own_welcome.ts"

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
  /**
   * `inside` (default): the Welcome's GroupInfo carries the ratchet tree. `beside`: joiners get it
   * from `next.ratchetTreeBytes`.
   */
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
export function commit(group: MlsGroup, options: CommitOptions): OwnCommit {
  const state = stateOf(group)
  const { crypto, ownLeaf, context } = state
  const { entropy, policy = {} } = options
  const chosen = chooseReferences(state, options.references ?? "all")
  const inline = (options.proposals ?? []).map((p) => proposalFor(p, entropy))
  const list: ReadonlyArray<ListedProposal> = [
    ...chosen,
    ...inline.map((proposal) => ({ proposal, sender: ownLeaf, ref: undefined, own: undefined })),
  ]
  const proposals: ReadonlyArray<ProposalOrRef> = [
    ...chosen.map((p): ProposalOrRef => ({ kind: "reference", ref: p.ref })),
    ...inline.map((proposal): ProposalOrRef => ({ kind: "proposal", proposal })),
  ]
  const applied = applyProposals(state, list, ownLeaf, policy)
  const { draft } = applied
  const psk = pskSecret(crypto, applied.psks, policy.psk)
  const withPath = applied.needsPath || options.path === "force" || options.leaf !== undefined
  const made: OwnPath | undefined = withPath
    ? makeOwnPath(state, applied, options.leaf, entropy)
    : undefined
  if (made !== undefined) {
    checkLeafKeysUnique(draft, [ownLeaf])
    decodeBoundary(() => checkCapabilities(draft, applied.extensions, [ownLeaf]))
  }
  const treeHash = treeHashOf(crypto, draft)
  const provisional = provisionalContext(context, treeHash, applied.extensions)
  const path = made?.encrypt(addedSet(applied), encodeGroupContext(provisional))
  const signed = signContent(state, { kind: "commit", commit: { proposals, path } }, options)
  const nextContext = {
    ...provisional,
    confirmedTranscriptHash: confirmedTranscriptHash(
      crypto,
      state.interimTranscriptHash,
      signed.wireFormat,
      signed.content.bytes,
      signed.signature,
    ),
  }
  const commitSecret = made?.fresh.commitSecret ?? new Uint8Array(secretLength)
  const next = nextEpoch(state, nextContext, commitSecret, psk)
  commitSecret.fill(0)
  psk.fill(0)
  const framed = frameContent(state, signed, next.confirmationTag, options)
  framed.secretTree?.release()

  const tree = { leaves: draft.leaves, parents: draft.parents, hashes: draft.hashes }
  const signature: PrivateKey = made?.leafKeys.signatureSeed ?? state.keys.signature
  const welcome = applied.added.length === 0 ? undefined : makeWelcome({
    crypto,
    entropy,
    groupInfo: signGroupInfo({
      crypto,
      contextBytes: next.contextBytes,
      confirmationTag: next.confirmationTag,
      signer: ownLeaf,
      signingKey: signature.signingKey(crypto),
      extensions: options.groupInfoExtensions ?? [],
      ratchetTree: options.ratchetTree === "beside" ? undefined : encodeRatchetTree(tree),
    }),
    welcomeSecret: next.welcome,
    joinerSecret: next.joiner,
    psks: applied.psks,
    added: applied.added,
    pathSecretFor: (leafIndex) => made?.secretFor(leafIndex),
  })
  // Nothing is refused any more from here on, so that no hold on a secret is lost.
  const keys = new OwnKeys(
    made?.leafKeys.leafKey ?? state.keys.leaf.retain(),
    nextOwnKeys(state.tree, tree, state.keys, made?.nodeKeys ?? new Map()),
    made?.leafKeys.signatureSeed ?? state.keys.signature.retain(),
  )
  made?.wipeSecrets()
  next.joiner.fill(0)
  next.welcome.fill(0)
  return {
    message: framed.message,
    welcome,
    preview: previewOf({
      state,
      committer: ownLeaf,
      list,
      applied,
      tree,
      pathLeaf: path?.leafNode,
      context: nextContext,
      authenticatedData: signed.content.authenticatedData,
    }),
    next: groupOf({
      crypto,
      limits: state.limits,
      context: nextContext,
      contextBytes: next.contextBytes,
      confirmationTag: next.confirmationTag,
      interimTranscriptHash: interimTranscriptHash(
        crypto,
        nextContext.confirmedTranscriptHash,
        next.confirmationTag,
      ),
      tree,
      ownLeaf,
      keys,
      secrets: next.secrets,
      secretTree: SecretTree.ofEncryptionSecret(tree.leaves.length, next.encryptionSecret),
      proposals: [],
    }),
  }
}

/** The pending proposals to commit; a chosen one that is not pending is `unknown-proposal`. */
function chooseReferences(
  state: GroupState,
  references: "all" | ReadonlyArray<Uint8Array>,
): ReadonlyArray<ListedProposal & { readonly ref: Uint8Array }> {
  if (references !== "all") {
    return references.map((ref) =>
      state.proposals.find((p) => equalBytes(p.ref, ref)) ?? refuse("unknown-proposal")
    )
  }
  const best = new Map<number, number>()
  const targets = state.proposals.map(({ proposal, sender }): number | undefined =>
    proposal.type === "remove"
      ? proposal.leafIndex
      : proposal.type === "update" || proposal.type === "selfRemove"
      ? sender
      : undefined
  )
  const rank = { update: 1, remove: 2, selfRemove: 3 }
  state.proposals.forEach(({ proposal }, i) => {
    const target = targets[i]
    if (target === undefined) return
    const { type } = proposal
    if (type !== "update" && type !== "remove" && type !== "selfRemove") return
    const before = state.proposals[best.get(target) ?? -1]?.proposal.type
    const beforeRank = before === "update" || before === "remove" || before === "selfRemove"
      ? rank[before]
      : 0
    if (rank[type] > beforeRank || (type === "update" && before === "update")) best.set(target, i)
  })
  return state.proposals.filter((_, i) => {
    const target = targets[i]
    return target === undefined || (target !== state.ownLeaf && best.get(target) === i)
  })
}
