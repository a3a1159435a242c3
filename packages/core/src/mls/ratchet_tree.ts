/**
 * The public ratchet tree (RFC 9420 section 7): immutable trees that share their nodes, and drafts
 * of the next one.
 *
 * @module
 */
import { type TlsReader, TlsWriter } from "../codec/tls.ts"
import { type LeafNode, readLeafNode } from "./leaf_node.ts"
import { refuse } from "./mls_error.ts"
import { directPathOf, endLeafOf, firstLeafOf, leftOf, rightOf } from "./tree_math.ts"

/** A parent node together with its exact encoding. */
export interface ParentNode {
  /** X25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Parent hash; empty for the topmost node of a path. */
  readonly parentHash: Uint8Array
  /** Leaves below that do not know the private key, strictly ascending. */
  readonly unmergedLeaves: ReadonlyArray<number>
  /** The encoding. */
  readonly bytes: Uint8Array
}

/** One immutable tree. Nodes are shared between trees; `hashes` remembers computed tree hashes. */
export interface RatchetTree {
  /** Leaves by leaf index; the length is a power of two. */
  readonly leaves: ReadonlyArray<LeafNode | undefined>
  /** Parents: node `2i + 1` is at `i`. */
  readonly parents: ReadonlyArray<ParentNode | undefined>
  /** Tree hashes by node index, filled when they are needed. */
  readonly hashes: Array<Uint8Array | undefined>
}

/** Largest number of leaves that a tree may have. */
export const maxLeaves = 65_536

/** Puts a parent node together with its encoding. */
export function makeParentNode(
  publicKey: Uint8Array,
  parentHash: Uint8Array,
  unmergedLeaves: ReadonlyArray<number>,
): ParentNode {
  const bytes = new TlsWriter(80 + unmergedLeaves.length * 4)
    .opaqueV(publicKey).opaqueV(parentHash).vector(unmergedLeaves, (w, leaf) => w.u32(leaf))
    .finish()
  return { publicKey, parentHash, unmergedLeaves, bytes }
}

/** A tree with one member. */
export function singleLeafTree(leaf: LeafNode): RatchetTree {
  return { leaves: [leaf], parents: [], hashes: [undefined] }
}

/** The leaf at an index; `undefined` when it is blank or outside. */
export function leafOf(tree: RatchetTree, leafIndex: number): LeafNode | undefined {
  return tree.leaves[leafIndex]
}

/** Number of leaves that are not blank. */
export function leafCount(tree: RatchetTree): number {
  let count = 0
  for (const leaf of tree.leaves) if (leaf !== undefined) count++
  return count
}

/** The public key of a node; `undefined` when it is blank. */
export function publicKeyOf(tree: RatchetTree, node: number): Uint8Array | undefined {
  return node % 2 === 0 ? tree.leaves[node >> 1]?.encryptionKey : tree.parents[node >> 1]?.publicKey
}

/** Resolution of a node (section 4.1.1): node indices, in order. */
export function resolutionOf(tree: RatchetTree, node: number): ReadonlyArray<number> {
  const nodes: Array<number> = []
  collectResolution(tree, node, nodes)
  return nodes
}

function collectResolution(tree: RatchetTree, node: number, into: Array<number>): void {
  if (node % 2 === 0) {
    if (tree.leaves[node >> 1] !== undefined) into.push(node)
    return
  }
  const parent = tree.parents[node >> 1]
  if (parent !== undefined) {
    into.push(node)
    for (const leaf of parent.unmergedLeaves) into.push(leaf * 2)
    return
  }
  collectResolution(tree, leftOf(node), into)
  collectResolution(tree, rightOf(node), into)
}

/** True when the resolution of a node is empty. */
export function isEmptySubtree(tree: RatchetTree, node: number): boolean {
  if (node % 2 === 0) return tree.leaves[node >> 1] === undefined
  if (tree.parents[node >> 1] !== undefined) return false
  for (let i = firstLeafOf(node), end = endLeafOf(node); i < end; i++) {
    if (tree.leaves[i] !== undefined) return false
  }
  return true
}

/** A node of a filtered direct path with the child whose resolution must learn its secret. */
export interface FilteredNode {
  /** The node. */
  readonly node: number
  /** The copath child below it. */
  readonly copathChild: number
}

/** Filtered direct path of a leaf (section 4.1.2), from the bottom up. */
export function filteredDirectPath(tree: RatchetTree, leafIndex: number): Array<FilteredNode> {
  const path: Array<FilteredNode> = []
  let below = leafIndex * 2
  for (const node of directPathOf(leafIndex, tree.leaves.length)) {
    const copathChild = below < node ? rightOf(node) : leftOf(node)
    if (!isEmptySubtree(tree, copathChild)) path.push({ node, copathChild })
    below = node
  }
  return path
}

/** Encodes the tree as in the extension `ratchet_tree`; blanks at the right end are left out. */
export function encodeRatchetTree(tree: RatchetTree): Uint8Array {
  let count = tree.leaves.length * 2 - 1
  while (count > 0 && nodeBytes(tree, count - 1) === undefined) count--
  let size = 8
  for (let node = 0; node < count; node++) size += 2 + (nodeBytes(tree, node)?.length ?? 0)
  return new TlsWriter(size).framed((w) => {
    for (let node = 0; node < count; node++) {
      const bytes = nodeBytes(tree, node)
      if (bytes === undefined) w.u8(0)
      else w.u8(1).u8(node % 2 === 0 ? 1 : 2).opaque(bytes)
    }
  }).finish()
}

/** The encoding of a node; `undefined` when it is blank. */
export function nodeBytes(tree: RatchetTree, node: number): Uint8Array | undefined {
  return node % 2 === 0 ? tree.leaves[node >> 1]?.bytes : tree.parents[node >> 1]?.bytes
}

/** Reads the data of a `ratchet_tree` extension; its nodes are windows on the reader's input. */
export function readRatchetTree(reader: TlsReader): RatchetTree {
  const leaves: Array<LeafNode | undefined> = []
  const parents: Array<ParentNode | undefined> = []
  let node = 0
  let last = -1
  reader.vector((r) => {
    const presence = r.u8()
    if (presence > 1) refuse("malformed")
    if (presence === 1) {
      last = node
      if (r.u8() !== (node % 2 === 0 ? 1 : 2)) refuse("malformed")
    }
    if (node % 2 === 0) leaves.push(presence === 1 ? readLeafNode(r) : undefined)
    else parents.push(presence === 1 ? readParentNode(r) : undefined)
    node++
  }, maxLeaves * 2)
  if (node === 0 || last !== node - 1) refuse("malformed")
  let width = 1
  while (width * 2 - 1 < node) width *= 2
  if (width > maxLeaves) refuse("malformed")
  while (leaves.length < width) leaves.push(undefined)
  while (parents.length < width - 1) parents.push(undefined)
  return { leaves, parents, hashes: new Array(width * 2 - 1).fill(undefined) }
}

/** Reads one ParentNode. */
export function readParentNode(reader: TlsReader): ParentNode {
  const start = reader.position
  const publicKey = reader.viewV()
  const parentHash = reader.viewV(255)
  const unmergedLeaves = reader.vector((r) => r.u32(), maxLeaves)
  return { publicKey, parentHash, unmergedLeaves, bytes: reader.viewSince(start) }
}

/** The next tree while it is being made. The tree that it starts from stays as it is. */
export class TreeDraft implements RatchetTree {
  /** Leaves of the draft. */
  readonly leaves: Array<LeafNode | undefined>
  /** Parents of the draft. */
  readonly parents: Array<ParentNode | undefined>
  /** Hashes that are still right. */
  readonly hashes: Array<Uint8Array | undefined>
  #firstBlank = 0

  /** Starts with the content of a tree. */
  constructor(tree: RatchetTree) {
    this.leaves = tree.leaves.slice()
    this.parents = tree.parents.slice()
    this.hashes = tree.hashes.slice()
  }

  /** Replaces one leaf's content and nothing else. */
  setLeaf(leafIndex: number, leaf: LeafNode | undefined): void {
    this.leaves[leafIndex] = leaf
    this.#forget(leafIndex)
  }

  /** Replaces one parent; the caller touches a leaf below in the same draft. */
  setParent(node: number, parent: ParentNode | undefined): void {
    this.parents[node >> 1] = parent
  }

  /** Replaces a leaf and blanks its direct path, as an Update does. */
  updateLeaf(leafIndex: number, leaf: LeafNode | undefined): void {
    this.setLeaf(leafIndex, leaf)
    this.blankPath(leafIndex)
  }

  /** Blanks the direct path of a leaf. */
  blankPath(leafIndex: number): void {
    for (const node of directPathOf(leafIndex, this.leaves.length)) this.setParent(node, undefined)
    this.#forget(leafIndex)
  }

  /** Blanks a leaf and its direct path, as a Remove does; call {@link truncate} after the last. */
  removeLeaf(leafIndex: number): void {
    this.updateLeaf(leafIndex, undefined)
    if (leafIndex < this.#firstBlank) this.#firstBlank = leafIndex
  }

  /** Halves the tree while its right half is blank. */
  truncate(): void {
    let last = this.leaves.length - 1
    while (last > 0 && this.leaves[last] === undefined) last--
    let width = this.leaves.length
    while (width > 1 && last < width / 2) width /= 2
    if (width === this.leaves.length) return
    this.leaves.length = width
    this.parents.length = width - 1
    this.hashes.length = width * 2 - 1
  }

  /** Puts a leaf into the leftmost blank place, as an Add does, and returns its index. */
  addLeaf(leaf: LeafNode): number {
    while (this.leaves[this.#firstBlank] !== undefined) this.#firstBlank++
    const leafIndex = this.#firstBlank
    if (leafIndex === this.leaves.length) this.#extend()
    this.setLeaf(leafIndex, leaf)
    for (const node of directPathOf(leafIndex, this.leaves.length)) {
      const parent = this.parents[node >> 1]
      if (parent === undefined) continue
      const unmerged = [...parent.unmergedLeaves, leafIndex].sort((a, b) => a - b)
      this.setParent(node, makeParentNode(parent.publicKey, parent.parentHash, unmerged))
    }
    return leafIndex
  }

  #extend(): void {
    const width = this.leaves.length
    if (width * 2 > maxLeaves) refuse("invalid-commit")
    for (let i = 0; i < width; i++) {
      this.leaves.push(undefined)
      this.parents.push(undefined)
    }
    while (this.hashes.length < width * 4 - 1) this.hashes.push(undefined)
  }

  #forget(leafIndex: number): void {
    this.hashes[leafIndex * 2] = undefined
    for (const node of directPathOf(leafIndex, this.leaves.length)) this.hashes[node] = undefined
  }
}
