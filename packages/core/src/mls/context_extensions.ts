/**
 * The extensions of a GroupContext: by themselves, against the capabilities of members, and what may
 * become of the dictionary.
 *
 * @module
 */
import { equalBytes } from "../crypto/secret.ts"
import { type Extension, findExtension, requiredCapabilities } from "./extension.ts"
import { checkKnownExtensions } from "./known_extensions.ts"
import type { LeafNode } from "./leaf_node.ts"
import { supportsGroup } from "./leaf_validation.ts"
import { refuse } from "./mls_error.ts"
import type { RatchetTree } from "./ratchet_tree.ts"
import { ExtensionType, ProposalType } from "./registry.ts"

/** Checks the extensions of a GroupContext by themselves. */
export function checkContextExtensions(extensions: ReadonlyArray<Extension>): void {
  checkKnownExtensions(extensions, "groupContext", "invalid-proposal")
}

/**
 * Checks leaves against what the group requires and uses, and everybody's credential types against
 * everybody's capabilities.
 *
 * @param changed leaves that are new or changed; `all` when the requirements changed.
 */
export function checkCapabilities(
  tree: RatchetTree,
  extensions: ReadonlyArray<Extension>,
  changed: ReadonlyArray<number> | "all",
): void {
  const required = requiredCapabilities(extensions)
  const inUse = new Set<number>()
  for (const leaf of tree.leaves) if (leaf !== undefined) inUse.add(leaf.credential.type)
  const check = (leaf: LeafNode | undefined): void => {
    if (leaf !== undefined && !supportsGroup(leaf, required, extensions)) refuse("invalid-leaf")
  }
  if (changed === "all") tree.leaves.forEach(check)
  else for (const index of changed) check(tree.leaves[index])
  for (const leaf of tree.leaves) {
    if (leaf === undefined) continue
    for (const type of inUse) {
      if (!leaf.capabilities.credentials.includes(type)) refuse("invalid-leaf")
    }
  }
}

/** While updates of the dictionary are in use, GroupContextExtensions must repeat it unchanged. */
export function checkDictionaryKept(
  before: ReadonlyArray<Extension>,
  after: ReadonlyArray<Extension>,
  updates: boolean,
): void {
  const bound = updates ||
    [before, after].some((list) =>
      requiredCapabilities(list).proposals.includes(ProposalType.appDataUpdate)
    )
  if (!bound) return
  const old = findExtension(before, ExtensionType.appDataDictionary)
  const now = findExtension(after, ExtensionType.appDataDictionary)
  const equal = old === undefined || now === undefined ? old === now : equalBytes(old, now)
  if (!equal) refuse("invalid-app-data")
}
