/**
 * A member's next leaf, by an Update proposal or a path (RFC 9420 sections 7.3 and 12.1.2).
 *
 * @module
 */
import type { CryptoProvider } from "../crypto/provider.ts"
import { equalBytes } from "../crypto/secret.ts"
import type { GroupState } from "./group_state.ts"
import type { LeafNode } from "./leaf_node.ts"
import { checkLeafNode, verifyLeafSignature } from "./leaf_validation.ts"
import { refuse } from "./mls_error.ts"

/** Checks that a new leaf of a member is a legitimate successor of the old one. */
export function checkSuccessor(before: LeafNode, after: LeafNode): void {
  if (equalBytes(before.encryptionKey, after.encryptionKey)) refuse("duplicate-key")
  if (
    before.credential.type !== after.credential.type ||
    !equalBytes(before.credential.content, after.credential.content)
  ) refuse("invalid-leaf")
}

/** Validates an Update proposal's leaf by itself. */
export function checkUpdateLeaf(
  crypto: CryptoProvider,
  state: GroupState,
  leaf: LeafNode,
  sender: number,
): void {
  if (leaf.source.kind !== "update") refuse("invalid-leaf")
  checkLeafNode(leaf)
  checkSuccessor(state.tree.leaves[sender] ?? refuse("unknown-sender"), leaf)
  verifyLeafSignature(crypto, leaf, state.context.groupId, sender)
}
