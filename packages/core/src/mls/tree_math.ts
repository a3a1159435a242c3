/**
 * Arithmetic on node indices of a left-balanced tree (RFC 9420 appendix C) on plain numbers. A tree
 * has `width` leaves, a power of two; leaf `i` is node `2i`, parents are odd.
 *
 * @module
 */
import * as tsMls from "./ts_mls.ts"

/** Number of nodes of a tree with this many leaves. */
export function nodeCount(width: number): number {
  return tsMls.nodeWidth(width)
}

/** Node index of the root. */
export function rootOf(width: number): number {
  return tsMls.root(width)
}

/** Left child of a parent node. */
export function leftOf(node: number): number {
  return tsMls.left(tsMls.toNodeIndex(node))
}

/** Right child of a parent node. */
export function rightOf(node: number): number {
  return tsMls.right(tsMls.toNodeIndex(node))
}

/** Parent of a node that is not the root. */
export function parentOf(node: number, width: number): number {
  return tsMls.parent(tsMls.toNodeIndex(node), width)
}

/** Ancestors of a leaf from its parent up to the root. */
export function directPathOf(leafIndex: number, width: number): ReadonlyArray<number> {
  return tsMls.directPath(tsMls.leafToNodeIndex(tsMls.toLeafIndex(leafIndex)), width)
}

/** Siblings of the leaf and of its ancestors below the root, from the bottom up. */
export function copathOf(leafIndex: number, width: number): ReadonlyArray<number> {
  return tsMls.copath(tsMls.leafToNodeIndex(tsMls.toLeafIndex(leafIndex)), width)
}

/** How far a node is above the leaves; a leaf has level 0. */
export function levelOf(node: number): number {
  return 31 - Math.clz32(node + 1 & -(node + 1))
}

/** First leaf below a node. */
export function firstLeafOf(node: number): number {
  const level = levelOf(node)
  return (node + 1 - (1 << level)) / 2
}

/** One more than the last leaf below a node. */
export function endLeafOf(node: number): number {
  return firstLeafOf(node) + (1 << levelOf(node))
}

/** True when the leaf lies below the node, or is it. */
export function covers(node: number, leafIndex: number): boolean {
  return leafIndex >= firstLeafOf(node) && leafIndex < endLeafOf(node)
}
