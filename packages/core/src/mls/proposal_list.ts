/**
 * Applying the proposals of a commit (RFC 9420 section 12.3 and the extensions draft).
 *
 * @module
 */
import { type AppDataUpdate, applyAppDataUpdates } from "./app_data.ts"
import type { ChangedMember, RemovedMember } from "./commit_preview.ts"
import {
  checkCapabilities,
  checkContextExtensions,
  checkDictionaryKept,
} from "./context_extensions.ts"
import { decodeBoundary } from "./decode_boundary.ts"
import { type Extension, findExtension } from "./extension.ts"
import type { GroupState } from "./group_state.ts"
import { type KeyPackage, validateKeyPackage } from "./key_package.ts"
import { checkInitKeys, checkLeafKeysUnique } from "./key_uniqueness.ts"
import { checkUpdateLeaf } from "./leaf_successor.ts"
import { detachedLeaf } from "./leaf_validation.ts"
import { memberOf } from "./member.ts"
import { refuse } from "./mls_error.ts"
import type { OwnUpdateKeys } from "./pending_proposal.ts"
import type { MlsPolicy } from "./policy.ts"
import type { PreSharedKeyId } from "./pre_shared_key.ts"
import { checkList, type ListedProposal, needsPath } from "./proposal_rules.ts"
import { TreeDraft } from "./ratchet_tree.ts"
import { ExtensionType } from "./registry.ts"

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
  checkList(state, list, committer, policy)
  const context = applyToContext(state.context.extensions, list)
  const { draft, changed, ...members } = applyToTree(state, list, policy)
  checkLeafKeysUnique(draft, changed)
  checkInitKeys(draft, members.added.map((a) => a.keyPackage.initKey))
  if (context.requirementsChanged || changed.length > 0) {
    decodeBoundary(() =>
      checkCapabilities(draft, context.extensions, context.requirementsChanged ? "all" : changed)
    )
  }
  return {
    draft,
    extensions: context.extensions,
    appDataUpdates: context.appDataUpdates,
    ...members,
    psks: list.flatMap(({ proposal }) => proposal.type === "psk" ? [proposal.id] : []),
    needsPath: needsPath(list),
    ownRemoval: members.removed.some((r) => r.member.leafIndex === state.ownLeaf),
  }
}

interface AppliedToContext extends Pick<AppliedProposals, "extensions" | "appDataUpdates"> {
  /** Whether members who did not change must be checked again. */
  readonly requirementsChanged: boolean
}

/** New extensions first, then updates of the dictionary in them. */
function applyToContext(
  before: ReadonlyArray<Extension>,
  list: ReadonlyArray<ListedProposal>,
): AppliedToContext {
  const appDataUpdates = list.flatMap(({ proposal }): ReadonlyArray<AppDataUpdate> =>
    proposal.type === "appDataUpdate" ? [proposal] : []
  )
  const gce = list.find((p) => p.proposal.type === "groupContextExtensions")?.proposal
  let extensions = before
  if (gce?.type === "groupContextExtensions") {
    extensions = gce.extensions
    checkContextExtensions(extensions)
    checkDictionaryKept(before, extensions, appDataUpdates.length > 0)
  }
  if (appDataUpdates.length === 0) {
    return { extensions, appDataUpdates, requirementsChanged: gce !== undefined }
  }
  const hadDictionary = findExtension(extensions, ExtensionType.appDataDictionary) !== undefined
  return {
    extensions: decodeBoundary(() => applyAppDataUpdates(extensions, appDataUpdates)),
    appDataUpdates,
    requirementsChanged: gce !== undefined || !hadDictionary,
  }
}

interface AppliedToTree
  extends Pick<AppliedProposals, "draft" | "added" | "removed" | "updated" | "ownUpdate"> {
  /** Leaves that are new or changed. */
  readonly changed: ReadonlyArray<number>
}

/** Updates, then removals, then adds. */
function applyToTree(
  state: GroupState,
  list: ReadonlyArray<ListedProposal>,
  policy: MlsPolicy,
): AppliedToTree {
  const { crypto, tree, ownLeaf } = state
  const draft = new TreeDraft(tree)
  const changed: Array<number> = []
  const updated: Array<ChangedMember> = []
  const removed: Array<RemovedMember> = []
  const added: Array<AddedLeaf> = []
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
    if (proposal.type !== "add") continue
    const { keyPackage } = proposal
    validateKeyPackage(crypto, keyPackage, policy.lifetime)
    const leafIndex = draft.addLeaf(detachedLeaf(crypto, keyPackage.leafNode))
    changed.push(leafIndex)
    added.push({ leafIndex, keyPackage })
  }
  return { draft, changed, added, removed, updated, ownUpdate }
}
