/**
 * Vectors `tree-operations`: what one proposal does to a tree.
 *
 * @module
 */
import assert from "node:assert/strict"
import { decodeTls } from "../../../packages/core/src/codec/tls.ts"
import { decodeProposal } from "../../../packages/core/src/mls/proposal.ts"
import {
  encodeRatchetTree,
  readRatchetTree,
  TreeDraft,
} from "../../../packages/core/src/mls/ratchet_tree.ts"
import { treeHashOf } from "../../../packages/core/src/mls/tree_hash.ts"
import { crypto, family, hex, toHex, type VectorFamily } from "./family.ts"

interface Entry {
  readonly tree_before: string
  readonly proposal: string
  readonly proposal_sender: number
  readonly tree_hash_before: string
  readonly tree_after: string
  readonly tree_hash_after: string
}

function check(entry: Entry): void {
  const before = decodeTls(hex(entry.tree_before), readRatchetTree)
  assert.equal(toHex(treeHashOf(crypto, before)), entry.tree_hash_before)
  const draft = new TreeDraft(before)
  const proposal = decodeProposal(hex(entry.proposal))
  switch (proposal.type) {
    case "add":
      draft.addLeaf(proposal.keyPackage.leafNode)
      break
    case "update":
      draft.updateLeaf(entry.proposal_sender, proposal.leafNode)
      break
    case "remove":
      draft.removeLeaf(proposal.leafIndex)
      draft.truncate()
      break
    default:
      assert.fail("a proposal that does not change the tree")
  }
  assert.equal(toHex(encodeRatchetTree(draft)), entry.tree_after)
  assert.equal(toHex(treeHashOf(crypto, draft)), entry.tree_hash_after)
  assert.equal(toHex(encodeRatchetTree(before)), entry.tree_before)
}

/** The family. */
export const treeOperations: VectorFamily = family<Entry>({
  name: "tree-operations",
  keys: [
    "tree_before",
    "proposal",
    "proposal_sender",
    "tree_hash_before",
    "tree_after",
    "tree_hash_after",
  ],
  check,
})
