/**
 * The public tree as parts that are named by their hash, so that states share what they have in
 * common.
 *
 * @module
 */
import { encodeHex } from "../codec/hex.ts"
import { decodeTls, encodeTls } from "../codec/tls.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import { equalBytes } from "../crypto/secret.ts"
import { type LeafNode, readLeafNode } from "./leaf_node.ts"
import { refuse } from "./mls_error.ts"
import {
  isEmptySubtree,
  type ParentNode,
  type RatchetTree,
  readParentNode,
} from "./ratchet_tree.ts"
import { partVersion, readVersion } from "./state_codec.ts"
import { nodeHash } from "./tree_hash.ts"
import { leftOf, rightOf, rootOf } from "./tree_math.ts"

/** Name of the part of a subtree with this hash. */
export function nodePartName(hash: Uint8Array): string {
  return `node/${encodeHex(hash)}`
}

/**
 * Nodes of a tree, without subtrees that are empty or that one of `known` has in the same place.
 * Cost follows the number of nodes returned.
 *
 * A leaf is `u8 version ‖ LeafNode`, a parent `u8 version ‖ optional(ParentNode) ‖
 * optional(leftHash[32]) ‖ optional(rightHash[32])`; an absent child is an empty subtree.
 */
export function treeNodes(
  crypto: CryptoProvider,
  tree: RatchetTree,
  known: ReadonlyArray<RatchetTree>,
): ReadonlyArray<readonly [string, Uint8Array]> {
  const parts: Array<readonly [string, Uint8Array]> = []
  const visit = (node: number): void => {
    if (isEmptySubtree(tree, node)) return
    const hash = nodeHash(crypto, tree, node)
    const shared = known.some((other) =>
      node < other.leaves.length * 2 - 1 && equalBytes(nodeHash(crypto, other, node), hash)
    )
    if (shared) return
    if (node % 2 === 0) {
      const leaf = tree.leaves[node >> 1] ?? refuse("invalid-tree")
      parts.push([nodePartName(hash), encodeTls((w) => w.u8(partVersion).opaque(leaf.bytes))])
      return
    }
    const children = [leftOf(node), rightOf(node)].map((child) =>
      isEmptySubtree(tree, child) ? undefined : nodeHash(crypto, tree, child)
    )
    const value = encodeTls((w) => {
      w.u8(partVersion).optional(tree.parents[node >> 1], (w, p) => w.opaque(p.bytes))
      for (const child of children) w.optional(child, (w, h) => w.opaque(h))
    })
    parts.push([nodePartName(hash), value])
    visit(leftOf(node))
    visit(rightOf(node))
  }
  visit(rootOf(tree.leaves.length))
  return parts
}

/**
 * Collects a tree from its parts, from the root's hash down. The caller compares the resulting tree
 * hash, which proves every node.
 */
export function decodeTree(
  parts: ReadonlyMap<string, Uint8Array>,
  rootHash: Uint8Array,
  width: number,
): RatchetTree {
  const leaves = new Array<LeafNode | undefined>(width).fill(undefined)
  const parents = new Array<ParentNode | undefined>(width - 1).fill(undefined)
  const hashes = new Array<Uint8Array | undefined>(width * 2 - 1).fill(undefined)
  const visit = (node: number, hash: Uint8Array): void => {
    const bytes = (parts.get(nodePartName(hash)) ?? refuse("invalid-state")).slice()
    if (node % 2 === 0) {
      leaves[node >> 1] = decodeTls(bytes, (r) => {
        readVersion(r)
        return readLeafNode(r)
      })
      return
    }
    const { parent, left, right } = decodeTls(bytes, (r) => {
      readVersion(r)
      return {
        parent: r.optional(readParentNode),
        left: r.optional((r) => r.view(32)),
        right: r.optional((r) => r.view(32)),
      }
    })
    parents[node >> 1] = parent
    if (left !== undefined) visit(leftOf(node), left)
    if (right !== undefined) visit(rightOf(node), right)
  }
  visit(rootOf(width), rootHash)
  return { leaves, parents, hashes }
}
