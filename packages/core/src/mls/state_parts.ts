/**
 * A state as named, versioned parts, so that what is written follows what changed.
 *
 * @module
 */
import { decodeTls } from "../codec/tls.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import { equalBytes } from "../crypto/secret.ts"
import { groupOf, type MlsGroup, stateOf } from "./group.ts"
import type { GroupState } from "./group_state.ts"
import { MlsError, refuse } from "./mls_error.ts"
import { DecodeError } from "../codec/tls.ts"
import { confirmationTag, interimTranscriptHash } from "./next_epoch.ts"
import { defaultLimits, type MlsLimits } from "./policy.ts"
import {
  decodeEpoch,
  decodeHead,
  decodeKeys,
  decodeStoredProposal,
  encodeEpoch,
  encodeHead,
  encodeKeys,
  encodeStoredProposal,
  proposalPartName,
} from "./state_codec.ts"
import { decodeSecretTree, secretTreeChanges, secretTreeParts } from "./secret_tree_parts.ts"
import { decodeTree, treeNodes } from "./tree_parts.ts"
import { readGroupContext } from "./group_context.ts"
import { treeHashOf } from "./tree_hash.ts"

/**
 * Parts by name. Two kinds of names:
 *
 * - `node/HASH` (HASH: 64 hex digits, the tree hash of a subtree) holds one node of the public
 *   tree. Its content follows from its name, so all states of one group may share these rows: they
 *   are never changed, only added and collected.
 * - every other name belongs to one state and must be kept apart per `stateId`:
 *   `head` (context, own leaf, tags), `epoch` (epoch secrets), `keys` (private keys),
 *   `ratchet/LEAF` (message keys of one sender), `secret/NODE` (a subtree of the secret tree that
 *   nobody used yet), `proposal/REF` (a pending proposal).
 *
 * Everything but `node/…` is secret. Every value starts with a format version byte.
 */
export type StateParts = ReadonlyMap<string, Uint8Array>

/** What changed between two values. */
export interface PartChanges {
  /** Parts to write. */
  readonly put: StateParts
  /** Names of parts of the same state that are gone. */
  readonly remove: ReadonlyArray<string>
}

/** True for a part that the states of one group share: `node/…`. */
export function isSharedPart(name: string): boolean {
  return name.startsWith("node/")
}

/** All parts of a value. The values are secret: zero them once they are stored. */
export function encodeState(group: MlsGroup): StateParts {
  const state = stateOf(group)
  const parts = ownParts(state)
  for (const [name, value] of treeNodes(state.crypto, state.tree, [])) parts.set(name, value)
  return parts
}

function ownParts(state: GroupState): Map<string, Uint8Array> {
  const parts = new Map<string, Uint8Array>()
  parts.set("head", encodeHead(state))
  parts.set("epoch", encodeEpoch(state.secrets))
  parts.set("keys", encodeKeys(state.keys))
  for (const [name, value] of secretTreeParts(state.secretTree)) parts.set(name, value)
  for (const p of state.proposals) parts.set(proposalPartName(p), encodeStoredProposal(p))
  return parts
}

/**
 * What must be written to go from one value to another.
 *
 * With the same `stateId` (a message was read or sent, a proposal came) it is the difference: one
 * small part for an application message. With another `stateId` (a commit) it is every part of the
 * new state, but of the tree only the nodes that `before` does not have; `remove` is then empty,
 * because the old state is the caller's to keep or to delete as a whole. Without `before` it is
 * everything.
 *
 * @example A store that follows a group
 * ```ts
 * import { changedParts, decodeState, isSharedPart, type MlsGroup, retire } from "@mdk/core/mls"
 * import type { CryptoProvider } from "@mdk/core/crypto"
 *
 * const rows = new Map<string, Uint8Array>()
 * const key = (group: MlsGroup, name: string) =>
 *   isSharedPart(name) ? name : `${group.stateId}/${name}`
 *
 * export function follow(before: MlsGroup | undefined, after: MlsGroup) {
 *   const { put, remove } = changedParts(before, after)
 *   for (const [name, value] of put) rows.set(key(after, name), value)
 *   for (const name of remove) rows.delete(key(after, name))
 *   if (before !== undefined) retire(before)
 * }
 *
 * export function load(crypto: CryptoProvider, stateId: string): MlsGroup {
 *   const parts = new Map<string, Uint8Array>()
 *   for (const [name, value] of rows) {
 *     if (isSharedPart(name)) parts.set(name, value)
 *     else if (name.startsWith(`${stateId}/`)) parts.set(name.slice(stateId.length + 1), value)
 *   }
 *   return decodeState({ crypto, parts })
 * }
 * ```
 */
export function changedParts(before: MlsGroup | undefined, after: MlsGroup): PartChanges {
  if (before === undefined) return { put: encodeState(after), remove: [] }
  const a = stateOf(before)
  const b = stateOf(after)
  if (before.stateId !== after.stateId) {
    const put = ownParts(b)
    for (const [name, value] of treeNodes(b.crypto, b.tree, [a.tree])) put.set(name, value)
    return { put, remove: [] }
  }
  const put = new Map<string, Uint8Array>()
  const remove: Array<string> = []
  if (a.keys !== b.keys) put.set("keys", encodeKeys(b.keys))
  secretTreeChanges(a.secretTree, b.secretTree, put, remove)
  if (a.proposals !== b.proposals) {
    for (const p of b.proposals) {
      if (!a.proposals.includes(p)) put.set(proposalPartName(p), encodeStoredProposal(p))
    }
    for (const p of a.proposals) {
      const gone = !b.proposals.some((q) => equalBytes(p.ref, q.ref))
      if (gone) remove.push(proposalPartName(p))
    }
  }
  return { put, remove }
}

/**
 * Names of the tree nodes that `gone` has and none of `kept` has: rows to collect when a state is
 * deleted.
 */
export function uniqueNodes(gone: MlsGroup, kept: ReadonlyArray<MlsGroup>): ReadonlyArray<string> {
  const { crypto, tree } = stateOf(gone)
  return treeNodes(crypto, tree, kept.map((g) => stateOf(g).tree)).map(([name]) => name)
}

/** What {@link decodeState} needs. */
export interface DecodeStateOptions {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** All parts of the state; further `node/…` parts of other states may be among them. */
  readonly parts: StateParts
  /** Windows and bounds; absent fields have their defaults. */
  readonly limits?: Partial<MlsLimits>
}

/**
 * Builds a value from its parts; copies everything. The tree is checked against the GroupContext, the
 * GroupContext against the epoch's secrets, and our leaf against our keys.
 *
 * @throws MlsError `invalid-state` when parts are missing, damaged or of a newer version.
 */
export function decodeState(options: DecodeStateOptions): MlsGroup {
  try {
    return decodeParts(options)
  } catch (error) {
    if (error instanceof MlsError || error instanceof DecodeError) refuse("invalid-state")
    throw error
  }
}

function decodeParts({ crypto, parts, limits }: DecodeStateOptions): MlsGroup {
  const part = (name: string): Uint8Array => parts.get(name) ?? refuse("invalid-state")
  const head = decodeHead(part("head").slice())
  const context = decodeTls(head.contextBytes, readGroupContext)
  const tree = decodeTree(parts, context.treeHash, head.width)
  if (!equalBytes(treeHashOf(crypto, tree), context.treeHash)) refuse("invalid-state")
  const keys = decodeKeys(part("keys"))
  const secrets = decodeEpoch(part("epoch"))
  const { confirmedTranscriptHash } = context
  const tag = confirmationTag(crypto, secrets.confirmation.bytes, confirmedTranscriptHash)
  const ownKey = crypto.x25519PublicKey(keys.leaf.bytes)
  const leafKey = tree.leaves[head.ownLeaf]?.encryptionKey ?? refuse("invalid-state")
  if (!equalBytes(tag, head.confirmationTag) || !equalBytes(ownKey, leafKey)) {
    refuse("invalid-state")
  }
  const proposals = [...parts]
    .flatMap(([name, value]) =>
      name.startsWith("proposal/") ? [decodeStoredProposal(value.slice())] : []
    )
    .sort((a, b) => a.order - b.order)
  return groupOf({
    crypto,
    limits: { ...defaultLimits, ...limits },
    context,
    contextBytes: head.contextBytes,
    confirmationTag: head.confirmationTag,
    interimTranscriptHash: interimTranscriptHash(crypto, confirmedTranscriptHash, tag),
    tree,
    ownLeaf: head.ownLeaf,
    keys,
    secrets,
    secretTree: decodeSecretTree(parts, head.width),
    proposals,
  })
}
