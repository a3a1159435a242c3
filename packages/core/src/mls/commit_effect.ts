/**
 * What a commit does to the public state: proposals, path, tree hash, preview.
 *
 * @module
 */
import { equalBytes } from "../crypto/secret.ts"
import type { ChangedMember, CommitPreview } from "./commit_preview.ts"
import type { GroupContext } from "./group_context.ts"
import type { GroupState } from "./group_state.ts"
import { checkCapabilities } from "./context_extensions.ts"
import { checkInitKeys, checkLeafKeysUnique, checkPathKeysFresh } from "./key_uniqueness.ts"
import type { LeafNode } from "./leaf_node.ts"
import { checkSuccessor } from "./leaf_successor.ts"
import { checkLeafNode, detachedLeaf, verifyLeafSignature } from "./leaf_validation.ts"
import { type Member, memberOf } from "./member.ts"
import { refuse } from "./mls_error.ts"
import type { AppliedProposals } from "./proposal_list.ts"
import type { ListedProposal } from "./proposal_rules.ts"
import { filteredDirectPath, type FilteredNode, type RatchetTree } from "./ratchet_tree.ts"
import { checkPathShape, placePath } from "./tree_kem.ts"
import type { UpdatePath } from "./update_path.ts"

/** Everything that the preview is made of. */
export interface PreviewInput {
  /** State before the commit. */
  readonly state: GroupState
  /** Committer's leaf index. */
  readonly committer: number
  /** Proposals in order. */
  readonly list: ReadonlyArray<ListedProposal>
  /** Their effect. */
  readonly applied: AppliedProposals
  /** The tree with the path applied. */
  readonly tree: RatchetTree
  /** The committer's new leaf, when there is a path. */
  readonly pathLeaf: LeafNode | undefined
  /** GroupContext of the next epoch. */
  readonly context: GroupContext
  /** `authenticated_data`. */
  readonly authenticatedData: Uint8Array
}

/** Puts the preview together. */
export function previewOf(input: PreviewInput): CommitPreview {
  const { state, committer, list, applied, tree, pathLeaf } = input
  const before = memberOf(committer, state.tree.leaves[committer] ?? refuse("unknown-sender"))
  const changed: Array<ChangedMember> = [...applied.updated]
  if (pathLeaf !== undefined) {
    changed.push({ before, after: memberOf(committer, pathLeaf), by: "commit" })
  }
  return {
    epoch: state.context.epoch,
    committer: before,
    proposals: list.map(({ proposal, sender, ref }) => ({ proposal, sender, ref })),
    hasPath: pathLeaf !== undefined,
    added: applied.added.map((a) => memberOf(a.leafIndex, a.keyPackage.leafNode)),
    removed: applied.removed,
    changed,
    appDataUpdates: applied.appDataUpdates,
    ownRemoval: applied.ownRemoval,
    context: input.context,
    authenticatedData: input.authenticatedData,
    members: () => membersOf(tree),
  }
}

/** Members of a tree in leaf order. */
export function membersOf(tree: RatchetTree): ReadonlyArray<Member> {
  return tree.leaves.flatMap((leaf, i) => leaf === undefined ? [] : [memberOf(i, leaf)])
}

/**
 * Validates somebody's UpdatePath and puts its public part on the draft.
 *
 * @returns the filtered direct path that the path's nodes belong to.
 */
export function applyPublicPath(
  state: GroupState,
  applied: AppliedProposals,
  committer: number,
  path: UpdatePath,
): ReadonlyArray<FilteredNode> {
  const { crypto } = state
  const { draft } = applied
  const added = addedSet(applied)
  const filtered = filteredDirectPath(draft, committer)
  checkPathShape(draft, filtered, path.nodes, added)
  const { leafNode } = path
  if (leafNode.source.kind !== "commit") refuse("invalid-leaf")
  checkLeafNode(leafNode)
  checkSuccessor(draft.leaves[committer] ?? refuse("unknown-sender"), leafNode)
  const publicKeys = path.nodes.map((n) => n.publicKey)
  const pathKeys = [leafNode.encryptionKey, ...publicKeys]
  checkPathKeysFresh(draft, pathKeys)
  checkInitKeys(draft, applied.added.map((a) => a.keyPackage.initKey), pathKeys)
  verifyLeafSignature(crypto, leafNode, state.context.groupId, committer)
  const parentHash = placePath(crypto, draft, committer, filtered, publicKeys)
  if (!equalBytes(parentHash, leafNode.source.parentHash)) refuse("invalid-commit")
  draft.setLeaf(committer, detachedLeaf(crypto, leafNode))
  checkLeafKeysUnique(draft, [committer])
  checkCapabilities(draft, applied.extensions, [committer])
  return filtered
}

/** Leaf indices that a commit adds. */
export function addedSet(applied: AppliedProposals): ReadonlySet<number> {
  return new Set(applied.added.map((a) => a.leafIndex))
}
