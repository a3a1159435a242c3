/**
 * Vectors `tree-validation`: resolutions, tree hashes, parent hashes and leaf signatures.
 *
 * @module
 */
import assert from "node:assert/strict"
import { decodeTls } from "../../../packages/core/src/codec/tls.ts"
import { readRatchetTree, resolutionOf } from "../../../packages/core/src/mls/ratchet_tree.ts"
import { nodeHash } from "../../../packages/core/src/mls/tree_hash.ts"
import { validateTree } from "../../../packages/core/src/mls/tree_validation.ts"
import { crypto, family, hex, toHex, type VectorFamily } from "./family.ts"

interface Entry {
  readonly tree: string
  readonly group_id: string
  readonly tree_hashes: ReadonlyArray<string>
  readonly resolutions: ReadonlyArray<ReadonlyArray<number>>
}

/** The family. */
export const treeValidation: VectorFamily = family<Entry>({
  name: "tree-validation",
  keys: ["tree", "group_id", "tree_hashes", "resolutions"],
  check: (entry) => {
    const tree = decodeTls(hex(entry.tree), readRatchetTree)
    assert.equal(entry.tree_hashes.length, tree.leaves.length * 2 - 1)
    entry.tree_hashes.forEach((hash, node) => {
      assert.equal(toHex(nodeHash(crypto, tree, node)), hash)
    })
    entry.resolutions.forEach((resolution, node) => {
      assert.deepEqual(resolutionOf(tree, node), resolution)
    })
    validateTree(crypto, tree, hex(entry.group_id), [])
    assert.throws(() => validateTree(crypto, tree, hex(`${entry.group_id}00`), []))
  },
})
