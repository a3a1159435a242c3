/**
 * Vectors `tree-math`: arithmetic on node indices.
 *
 * @module
 */
import assert from "node:assert/strict"
import {
  leftOf,
  nodeCount,
  parentOf,
  rightOf,
  rootOf,
} from "../../../packages/core/src/mls/tree_math.ts"
import { family, type VectorFamily } from "./family.ts"

type Relation = ReadonlyArray<number | null>

interface Entry {
  readonly n_leaves: number
  readonly n_nodes: number
  readonly root: number
  readonly left: Relation
  readonly right: Relation
  readonly parent: Relation
  readonly sibling: Relation
}

function check(entry: Entry): void {
  const width = entry.n_leaves
  assert.equal(nodeCount(width), entry.n_nodes)
  assert.equal(rootOf(width), entry.root)
  for (let node = 0; node < entry.n_nodes; node++) {
    const isLeaf = node % 2 === 0
    const isRoot = node === entry.root
    assert.equal(isLeaf ? null : leftOf(node), entry.left[node])
    assert.equal(isLeaf ? null : rightOf(node), entry.right[node])
    const parent = isRoot ? null : parentOf(node, width)
    assert.equal(parent, entry.parent[node])
    const sibling = parent === null
      ? null
      : leftOf(parent) === node
      ? rightOf(parent)
      : leftOf(parent)
    assert.equal(sibling, entry.sibling[node])
  }
}

/** The family. */
export const treeMath: VectorFamily = family<Entry>({
  name: "tree-math",
  keys: ["n_leaves", "n_nodes", "root", "left", "right", "parent", "sibling"],
  check,
})
