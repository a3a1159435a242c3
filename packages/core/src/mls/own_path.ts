/**
 * The path of a commit of our own.
 *
 * @module
 */
import type { EntropyService } from "../services/entropy.ts"
import type { GroupState } from "./group_state.ts"
import { checkSuccessor } from "./leaf_successor.ts"
import { refuse } from "./mls_error.ts"
import { type FreshLeafKeys, freshLeafKeys, signOwnLeaf } from "./own_leaf.ts"
import { PrivateKey } from "./own_keys.ts"
import type { AppliedProposals } from "./proposal_list.ts"
import type { LeafPatch } from "./proposal_request.ts"
import { filteredDirectPath } from "./ratchet_tree.ts"
import { encryptPath, type FreshPath, freshPath, placePath } from "./tree_kem.ts"
import { covers } from "./tree_math.ts"
import type { UpdatePath } from "./update_path.ts"

/** A path that is already on the draft. */
export interface OwnPath {
  /** Its secrets. */
  readonly fresh: FreshPath
  /** Keys of the new leaf; the caller holds each once. */
  readonly leafKeys: FreshLeafKeys
  /** Keys of the nodes above; the caller holds each once. */
  readonly nodeKeys: ReadonlyMap<number, PrivateKey>
  /** Encrypts the path for everybody but the added leaves. */
  readonly encrypt: (added: ReadonlySet<number>, contextBytes: Uint8Array) => UpdatePath
  /** The path secret that a new member gets. */
  readonly secretFor: (leafIndex: number) => Uint8Array | undefined
  /** Zeroes the path secrets. */
  readonly wipeSecrets: () => void
}

/** Draws a path of our own, puts it on the draft and signs our new leaf. */
export function makeOwnPath(
  state: GroupState,
  applied: AppliedProposals,
  patch: LeafPatch | undefined,
  entropy: EntropyService,
): OwnPath {
  const { crypto, ownLeaf, context } = state
  const { draft } = applied
  const filtered = filteredDirectPath(draft, ownLeaf)
  const fresh = freshPath(crypto, entropy, filtered.length)
  const leafKeys = freshLeafKeys(entropy, patch)
  const before = state.tree.leaves[ownLeaf] ?? refuse("removed")
  const parentHash = placePath(crypto, draft, ownLeaf, filtered, fresh.publicKeys)
  const leafNode = signOwnLeaf(
    crypto,
    before,
    patch,
    leafKeys,
    (leafKeys.signatureSeed ?? state.keys.signature).signingKey(crypto),
    { kind: "commit", parentHash },
    context.groupId,
    ownLeaf,
  )
  checkSuccessor(before, leafNode)
  draft.setLeaf(ownLeaf, leafNode)
  const nodeKeys = new Map<number, PrivateKey>()
  filtered.forEach(({ node }, i) => {
    const privateKey = fresh.privateKeys[i]
    if (privateKey !== undefined) nodeKeys.set(node, PrivateKey.take(privateKey))
  })
  return {
    fresh,
    leafKeys,
    nodeKeys,
    encrypt: (added, contextBytes) => ({
      leafNode,
      nodes: encryptPath(crypto, entropy, draft, filtered, fresh, added, contextBytes),
    }),
    secretFor: (leafIndex) => fresh.secrets[filtered.findIndex((f) => covers(f.node, leafIndex))],
    wipeSecrets: () => {
      for (const secret of fresh.secrets) secret.fill(0)
    },
  }
}
