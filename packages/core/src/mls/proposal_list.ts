/**
 * Validating and applying the proposals of a commit (RFC 9420 sections 12.2 and 12.3, and the
 * extensions draft).
 *
 * @module
 */
import type { CryptoProvider } from "../crypto/provider.ts"
import { equalBytes } from "../crypto/secret.ts"
import { appDataDictionary, type AppDataUpdate, applyAppDataUpdates } from "./app_data.ts"
import type { ChangedMember, RemovedMember } from "./commit_preview.ts"
import { decodeBoundary } from "./decode_boundary.ts"
import { type Extension, findExtension, requiredCapabilities } from "./extension.ts"
import type { GroupState } from "./group_state.ts"
import { type KeyPackage, validateKeyPackage } from "./key_package.ts"
import { checkLeafKeysUnique } from "./key_uniqueness.ts"
import type { LeafNode } from "./leaf_node.ts"
import {
  checkLeafNode,
  detachedLeaf,
  supportsGroup,
  verifyLeafSignature,
} from "./leaf_validation.ts"
import { memberOf } from "./member.ts"
import { refuse } from "./mls_error.ts"
import type { OwnUpdateKeys } from "./pending_proposal.ts"
import type { MlsPolicy } from "./policy.ts"
import type { PreSharedKeyId } from "./pre_shared_key.ts"
import { type Proposal, proposalTypeOf } from "./proposal.ts"
import { type RatchetTree, TreeDraft } from "./ratchet_tree.ts"
import { ExtensionType, ProposalType } from "./registry.ts"

/** One proposal of a commit with its sender, and our keys if it is our own Update. */
export interface ListedProposal {
  /** The proposal. */
  readonly proposal: Proposal
  /** Leaf of its sender. */
  readonly sender: number
  /** Its reference, when it is not inline. */
  readonly ref: Uint8Array | undefined
  /** Keys of our own Update. */
  readonly own: OwnUpdateKeys | undefined
}

/** A leaf that a commit adds. */
export interface AddedLeaf {
  /** Where it went. */
  readonly leafIndex: number
  /** What it came from. */
  readonly keyPackage: KeyPackage
}

/** The tree and the extensions after all proposals, before a path. */
export interface AppliedProposals {
  /** Tree after the proposals. */
  readonly draft: TreeDraft
  /** GroupContext extensions after the proposals. */
  readonly extensions: ReadonlyArray<Extension>
  /** Added leaves in order. */
  readonly added: ReadonlyArray<AddedLeaf>
  /** Removed members in order. */
  readonly removed: ReadonlyArray<RemovedMember>
  /** Members changed by Update proposals. */
  readonly updated: ReadonlyArray<ChangedMember>
  /** PSKs in order. */
  readonly psks: ReadonlyArray<PreSharedKeyId>
  /** Dictionary changes in order. */
  readonly appDataUpdates: ReadonlyArray<AppDataUpdate>
  /** True when a commit of these proposals must have a path. */
  readonly needsPath: boolean
  /** Keys of our own Update, when it is among them. */
  readonly ownUpdate: OwnUpdateKeys | undefined
  /** True when our own leaf is removed. */
  readonly ownRemoval: boolean
}

const pathTypes: ReadonlySet<Proposal["type"]> = new Set([
  "update",
  "remove",
  "externalInit",
  "groupContextExtensions",
  "selfRemove",
])

/** More PSKs in one commit are refused: comparing them is quadratic. */
const maxPsks = 256

/** Extension types that have no place in a GroupContext. */
const foreignExtensions: ReadonlySet<number> = new Set([
  ExtensionType.applicationId,
  ExtensionType.ratchetTree,
  ExtensionType.externalPub,
])

/** Checks the extensions of a GroupContext by themselves. */
export function checkContextExtensions(extensions: ReadonlyArray<Extension>): void {
  if (extensions.some((e) => foreignExtensions.has(e.type))) refuse("invalid-proposal")
  decodeBoundary(() => {
    requiredCapabilities(extensions)
    appDataDictionary(extensions)
  })
}

/** Checks that a new leaf of a member is a legitimate successor of the old one. */
export function checkSuccessor(before: LeafNode, after: LeafNode): void {
  if (equalBytes(before.encryptionKey, after.encryptionKey)) refuse("duplicate-key")
  if (
    before.credential.type !== after.credential.type ||
    !equalBytes(before.credential.content, after.credential.content)
  ) refuse("invalid-leaf")
}

/**
 * Checks leaves against what the group requires and uses, and everybody's credential types against
 * everybody's capabilities.
 *
 * @param changed leaves that are new or changed; `all` when the requirements changed.
 */
export function checkCapabilities(
  tree: RatchetTree,
  extensions: ReadonlyArray<Extension>,
  changed: ReadonlyArray<number> | "all",
): void {
  const required = requiredCapabilities(extensions)
  const inUse = new Set<number>()
  for (const leaf of tree.leaves) if (leaf !== undefined) inUse.add(leaf.credential.type)
  const check = (leaf: LeafNode | undefined): void => {
    if (leaf !== undefined && !supportsGroup(leaf, required, extensions)) refuse("invalid-leaf")
  }
  if (changed === "all") tree.leaves.forEach(check)
  else for (const index of changed) check(tree.leaves[index])
  for (const leaf of tree.leaves) {
    if (leaf === undefined) continue
    for (const type of inUse) {
      if (!leaf.capabilities.credentials.includes(type)) refuse("invalid-leaf")
    }
  }
}

/** Refuses what no policy allows and what no member may propose. */
export function checkProposalType(proposal: Proposal, policy: MlsPolicy): void {
  switch (proposal.type) {
    case "reInit":
    case "externalInit":
    case "appEphemeral":
      return refuse("policy")
    case "psk":
      if (policy.psk === undefined) refuse("policy")
      if (proposal.id.nonce.length !== 32) refuse("invalid-proposal")
      if (proposal.id.kind === "resumption" && proposal.id.usage !== 1) refuse("invalid-proposal")
  }
}

/** Validates an Update proposal's leaf by itself. */
export function checkUpdateLeaf(
  crypto: CryptoProvider,
  state: GroupState,
  leaf: LeafNode,
  sender: number,
): void {
  if (leaf.source.kind !== "update") refuse("invalid-leaf")
  checkLeafNode(leaf)
  checkSuccessor(state.tree.leaves[sender] ?? refuse("unknown-sender"), leaf)
  verifyLeafSignature(crypto, leaf, state.context.groupId, sender)
}

/**
 * Validates a whole list and applies it to a draft of the tree.
 *
 * @param committer the committer's leaf.
 * @throws MlsError with the rule that is broken.
 */
export function applyProposals(
  state: GroupState,
  list: ReadonlyArray<ListedProposal>,
  committer: number,
  policy: MlsPolicy,
): AppliedProposals {
  const { crypto, tree, context, ownLeaf } = state
  checkList(state, list, committer, policy)

  let extensions = context.extensions
  const gce = list.find((p) => p.proposal.type === "groupContextExtensions")?.proposal
  const appDataUpdates = list.flatMap(({ proposal }): ReadonlyArray<AppDataUpdate> =>
    proposal.type === "appDataUpdate" ? [proposal] : []
  )
  if (gce?.type === "groupContextExtensions") {
    extensions = gce.extensions
    checkContextExtensions(extensions)
    checkDictionaryKept(context.extensions, extensions, appDataUpdates.length > 0)
  }
  const hadDictionary = findExtension(extensions, ExtensionType.appDataDictionary) !== undefined
  if (appDataUpdates.length > 0) {
    extensions = decodeBoundary(() => applyAppDataUpdates(extensions, appDataUpdates))
  }

  const draft = new TreeDraft(tree)
  const changed: Array<number> = []
  const updated: Array<ChangedMember> = []
  const removed: Array<RemovedMember> = []
  const added: Array<AddedLeaf> = []
  const psks: Array<PreSharedKeyId> = []
  let ownUpdate: OwnUpdateKeys | undefined
  for (const { proposal, sender, own } of list) {
    if (proposal.type !== "update") continue
    const before = tree.leaves[sender] ?? refuse("unknown-sender")
    checkUpdateLeaf(crypto, state, proposal.leafNode, sender)
    if (sender === ownLeaf) ownUpdate = own ?? refuse("unknown-proposal")
    draft.updateLeaf(sender, detachedLeaf(crypto, proposal.leafNode))
    changed.push(sender)
    updated.push({
      before: memberOf(sender, before),
      after: memberOf(sender, proposal.leafNode),
      by: "update",
    })
  }
  for (const { proposal, sender } of list) {
    if (proposal.type !== "remove" && proposal.type !== "selfRemove") continue
    const leafIndex = proposal.type === "remove" ? proposal.leafIndex : sender
    const leaf = tree.leaves[leafIndex] ?? refuse("invalid-proposal")
    draft.removeLeaf(leafIndex)
    removed.push({
      member: memberOf(leafIndex, leaf),
      by: proposal.type === "remove" ? "remove" : "self_remove",
      proposer: sender,
    })
  }
  if (removed.length > 0) draft.truncate()
  for (const { proposal } of list) {
    if (proposal.type === "psk") psks.push(proposal.id)
    if (proposal.type !== "add") continue
    const { keyPackage } = proposal
    validateKeyPackage(crypto, keyPackage, policy.lifetime)
    for (const other of added) {
      if (equalBytes(other.keyPackage.initKey, keyPackage.initKey)) refuse("duplicate-key")
    }
    const leafIndex = draft.addLeaf(detachedLeaf(crypto, keyPackage.leafNode))
    changed.push(leafIndex)
    added.push({ leafIndex, keyPackage })
  }
  checkLeafKeysUnique(draft, changed)
  const requirementsChanged = gce !== undefined || (appDataUpdates.length > 0 && !hadDictionary)
  if (requirementsChanged || changed.length > 0) {
    decodeBoundary(() =>
      checkCapabilities(draft, extensions, requirementsChanged ? "all" : changed)
    )
  }
  return {
    draft,
    extensions,
    added,
    removed,
    updated,
    psks,
    appDataUpdates,
    needsPath: list.length === 0 || list.some((p) => pathTypes.has(p.proposal.type)),
    ownUpdate,
    ownRemoval: removed.some((r) => r.member.leafIndex === ownLeaf),
  }
}

/** Rules between the proposals of one commit. */
function checkList(
  state: GroupState,
  list: ReadonlyArray<ListedProposal>,
  committer: number,
  policy: MlsPolicy,
): void {
  const touched = new Set<number>()
  const gone = new Set<number>()
  const components = new Set<number>()
  const pskNames: Array<PreSharedKeyId> = []
  let hasExtensions = false
  const touch = (leafIndex: number): void => {
    if (state.tree.leaves[leafIndex] === undefined) refuse("invalid-proposal")
    if (leafIndex === committer || touched.has(leafIndex)) refuse("invalid-proposal-list")
    touched.add(leafIndex)
  }
  for (const { proposal, sender, ref } of list) {
    if (state.tree.leaves[sender] === undefined) refuse("unknown-sender")
    checkProposalType(proposal, policy)
    switch (proposal.type) {
      case "update":
        touch(sender)
        break
      case "remove":
        touch(proposal.leafIndex)
        gone.add(proposal.leafIndex)
        break
      case "selfRemove":
        if (ref === undefined) refuse("invalid-proposal-list")
        touch(sender)
        gone.add(sender)
        break
      case "psk":
        if (pskNames.length >= maxPsks || pskNames.some((id) => samePsk(id, proposal.id))) {
          refuse("invalid-proposal-list")
        }
        pskNames.push(proposal.id)
        break
      case "groupContextExtensions":
        if (hasExtensions || components.size > 0) refuse("invalid-proposal-list")
        hasExtensions = true
        break
      case "appDataUpdate":
        if (components.has(proposal.componentId)) refuse("invalid-app-data")
        components.add(proposal.componentId)
    }
  }
  const special = new Set(list.map((p) => proposalTypeOf(p.proposal)).filter((t) => t > 7))
  if (special.size === 0) return
  const required = requiredCapabilities(state.context.extensions).proposals
  for (const type of special) {
    if (required.includes(type)) continue
    state.tree.leaves.forEach((leaf, i) => {
      if (leaf === undefined || gone.has(i)) return
      if (!leaf.capabilities.proposals.includes(type)) refuse("invalid-proposal-list")
    })
  }
}

function samePsk(a: PreSharedKeyId, b: PreSharedKeyId): boolean {
  if (!equalBytes(a.nonce, b.nonce)) return false
  if (a.kind === "external") return b.kind === "external" && equalBytes(a.id, b.id)
  return b.kind === "resumption" && a.usage === b.usage && a.epoch === b.epoch &&
    equalBytes(a.groupId, b.groupId)
}

/** While updates of the dictionary are in use, GroupContextExtensions must repeat it unchanged. */
function checkDictionaryKept(
  before: ReadonlyArray<Extension>,
  after: ReadonlyArray<Extension>,
  updates: boolean,
): void {
  const bound = updates ||
    [before, after].some((list) =>
      requiredCapabilities(list).proposals.includes(ProposalType.appDataUpdate)
    )
  if (!bound) return
  const old = findExtension(before, ExtensionType.appDataDictionary)
  const now = findExtension(after, ExtensionType.appDataDictionary)
  const equal = old === undefined || now === undefined ? old === now : equalBytes(old, now)
  if (!equal) refuse("invalid-app-data")
}
