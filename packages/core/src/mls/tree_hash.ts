/**
 * Tree hashes (RFC 9420 section 7.8) and parent hashes (section 7.9).
 *
 * @module
 */
import { TlsWriter } from "../codec/tls.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import { makeParentNode, type ParentNode, type RatchetTree } from "./ratchet_tree.ts"
import { covers, leftOf, rightOf, rootOf } from "./tree_math.ts"

/** Hash of a whole tree, 32 bytes. */
export function treeHashOf(crypto: CryptoProvider, tree: RatchetTree): Uint8Array {
  return nodeHash(crypto, tree, rootOf(tree.leaves.length))
}

/** Hash of a subtree, remembered in the tree. */
export function nodeHash(crypto: CryptoProvider, tree: RatchetTree, node: number): Uint8Array {
  return tree.hashes[node] ??= node % 2 === 0
    ? leafHash(crypto, node >> 1, tree.leaves[node >> 1]?.bytes)
    : parentNodeHash(
      crypto,
      tree.parents[node >> 1]?.bytes,
      nodeHash(crypto, tree, leftOf(node)),
      nodeHash(crypto, tree, rightOf(node)),
    )
}

/** Hash of a leaf; `undefined` stands for a blank one. */
export function leafHash(
  crypto: CryptoProvider,
  leafIndex: number,
  leaf: Uint8Array | undefined,
): Uint8Array {
  const w = new TlsWriter((leaf?.length ?? 0) + 8).u8(1).u32(leafIndex)
  if (leaf === undefined) w.u8(0)
  else w.u8(1).opaque(leaf)
  return crypto.sha256(w.view())
}

/** Hash of a parent from its own encoding and its children's hashes. */
export function parentNodeHash(
  crypto: CryptoProvider,
  parent: Uint8Array | undefined,
  left: Uint8Array,
  right: Uint8Array,
): Uint8Array {
  const w = new TlsWriter((parent?.length ?? 0) + 72).u8(2)
  if (parent === undefined) w.u8(0)
  else w.u8(1).opaque(parent)
  return crypto.sha256(w.opaqueV(left).opaqueV(right).view())
}

/**
 * Hash of a subtree as it was before some leaves were added: they are blank in it, and no parent
 * lists them as unmerged.
 */
export function originalNodeHash(
  crypto: CryptoProvider,
  tree: RatchetTree,
  node: number,
  without: ReadonlyArray<number>,
): Uint8Array {
  const inside = without.filter((leaf) => covers(node, leaf))
  if (inside.length === 0) return nodeHash(crypto, tree, node)
  if (node % 2 === 0) return leafHash(crypto, node >> 1, undefined)
  const parent = tree.parents[node >> 1]
  return parentNodeHash(
    crypto,
    parent === undefined ? undefined : withoutUnmerged(parent, inside).bytes,
    originalNodeHash(crypto, tree, leftOf(node), inside),
    originalNodeHash(crypto, tree, rightOf(node), inside),
  )
}

function withoutUnmerged(parent: ParentNode, leaves: ReadonlyArray<number>): ParentNode {
  if (parent.unmergedLeaves.length === 0) return parent
  const gone = new Set(leaves)
  return makeParentNode(
    parent.publicKey,
    parent.parentHash,
    parent.unmergedLeaves.filter((leaf) => !gone.has(leaf)),
  )
}

/** Parent hash of a node with this key and parent hash over the hash of its copath child. */
export function parentHash(
  crypto: CryptoProvider,
  publicKey: Uint8Array,
  parentHashOfParent: Uint8Array,
  originalSiblingHash: Uint8Array,
): Uint8Array {
  return crypto.sha256(
    new TlsWriter(publicKey.length + 72)
      .opaqueV(publicKey).opaqueV(parentHashOfParent).opaqueV(originalSiblingHash).view(),
  )
}
