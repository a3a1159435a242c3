/**
 * Checking a whole ratchet tree before joining (RFC 9420 sections 7.9.2 and 12.4.3.1).
 *
 * @module
 */
import type { CryptoProvider } from "../crypto/provider.ts"
import { equalBytes } from "../crypto/secret.ts"
import type { Extension } from "./extension.ts"
import { checkCapabilities } from "./context_extensions.ts"
import { checkAllKeysUnique } from "./key_uniqueness.ts"
import { checkLeafNode, verifyLeafSignature } from "./leaf_validation.ts"
import { refuse } from "./mls_error.ts"
import { type ParentNode, type RatchetTree, resolutionOf } from "./ratchet_tree.ts"
import { originalNodeHash, parentHash } from "./tree_hash.ts"
import { covers, leftOf, rightOf } from "./tree_math.ts"

/**
 * Validates a tree that came with a GroupInfo: every leaf, every unmerged leaf, every parent hash,
 * uniqueness of keys, capabilities. Lifetimes are not looked at.
 *
 * @throws MlsError `invalid-tree`, `invalid-leaf`, `bad-signature` or `duplicate-key`.
 */
export function validateTree(
  crypto: CryptoProvider,
  tree: RatchetTree,
  groupId: Uint8Array,
  extensions: ReadonlyArray<Extension>,
): void {
  checkUnmergedLeaves(tree)
  checkParentHashes(crypto, tree)
  checkAllKeysUnique(tree)
  checkCapabilities(tree, extensions, "all")
  tree.leaves.forEach((leaf, i) => {
    if (leaf === undefined) return
    checkLeafNode(leaf)
    verifyLeafSignature(crypto, leaf, groupId, i)
  })
}

/**
 * Unmerged leaves must be ascending, occupied, below their node, and known to every parent in between.
 *
 * @throws MlsError `invalid-tree`; also for a parent whose key is not 32 bytes.
 */
export function checkUnmergedLeaves(tree: RatchetTree): void {
  tree.parents.forEach((parent, i) => {
    if (parent !== undefined) checkUnmerged(tree, i * 2 + 1, parent)
  })
}

function checkUnmerged(tree: RatchetTree, node: number, parent: ParentNode): void {
  if (parent.publicKey.length !== 32) refuse("invalid-tree")
  let before = -1
  for (const leaf of parent.unmergedLeaves) {
    if (leaf <= before || !covers(node, leaf) || tree.leaves[leaf] === undefined) {
      refuse("invalid-tree")
    }
    before = leaf
    let between = leaf < (node + 1) / 2 ? leftOf(node) : rightOf(node)
    while (between % 2 === 1) {
      const inner = tree.parents[between >> 1]
      if (inner !== undefined && !hasSorted(inner.unmergedLeaves, leaf)) refuse("invalid-tree")
      between = leaf < (between + 1) / 2 ? leftOf(between) : rightOf(between)
    }
  }
}

/**
 * Every parent that is not blank must be linked to by the parent hash of a node below it.
 *
 * @throws MlsError `invalid-tree`.
 */
export function checkParentHashes(crypto: CryptoProvider, tree: RatchetTree): void {
  tree.parents.forEach((parent, i) => {
    if (parent === undefined) return
    const node = i * 2 + 1
    const left = leftOf(node)
    const right = rightOf(node)
    const linked = isLinked(crypto, tree, parent, left, right) ||
      isLinked(crypto, tree, parent, right, left)
    if (!linked) refuse("invalid-tree")
  })
}

/**
 * Whether the parent hash of a node D in the resolution of `child` fits `parent` with `sibling`: all
 * the others in that resolution must be exactly the leaves below `child` that are unmerged at
 * `parent`.
 */
function isLinked(
  crypto: CryptoProvider,
  tree: RatchetTree,
  parent: ParentNode,
  child: number,
  sibling: number,
): boolean {
  const unmerged = parent.unmergedLeaves.filter((leaf) => covers(child, leaf))
  const resolution = resolutionOf(tree, child)
  if (resolution.length !== unmerged.length + 1) return false
  const linking = resolution.filter((n) => n % 2 === 1 || !hasSorted(unmerged, n >> 1))
  const node = linking[0]
  if (linking.length !== 1 || node === undefined) return false
  const claimed = parentHashIn(tree, node)
  if (claimed === undefined || claimed.length === 0) return false
  const siblingHash = originalNodeHash(crypto, tree, sibling, parent.unmergedLeaves)
  return equalBytes(
    claimed,
    parentHash(crypto, parent.publicKey, parent.parentHash, siblingHash),
  )
}

/** Binary search; a list that is not sorted is refused elsewhere. */
function hasSorted(list: ReadonlyArray<number>, wanted: number): boolean {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle] as number) < wanted) low = middle + 1
    else high = middle
  }
  return list[low] === wanted
}

function parentHashIn(tree: RatchetTree, node: number): Uint8Array | undefined {
  if (node % 2 === 1) return tree.parents[node >> 1]?.parentHash
  const source = tree.leaves[node >> 1]?.source
  return source?.kind === "commit" ? source.parentHash : undefined
}
