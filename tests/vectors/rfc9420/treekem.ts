/**
 * Vectors `treekem`: paths of commits, made by others and by us, read by every member.
 *
 * @module
 */
import assert from "node:assert/strict"
import { decodeTls } from "../../../packages/core/src/codec/tls.ts"
import { hpkeDeriveKeyPair } from "../../../packages/core/src/crypto/mod.ts"
import { systemEntropy } from "../../../packages/core/src/services/mod.ts"
import { encodeGroupContext } from "../../../packages/core/src/mls/group_context.ts"
import { deriveSecret } from "../../../packages/core/src/mls/labeled.ts"
import { verifyLeafSignature } from "../../../packages/core/src/mls/leaf_validation.ts"
import { OwnKeys, PrivateKey } from "../../../packages/core/src/mls/own_keys.ts"
import {
  filteredDirectPath,
  publicKeyOf,
  type RatchetTree,
  readRatchetTree,
  TreeDraft,
} from "../../../packages/core/src/mls/ratchet_tree.ts"
import { treeHashOf } from "../../../packages/core/src/mls/tree_hash.ts"
import {
  checkPathShape,
  encryptPath,
  freshPath,
  openPath,
  placePath,
} from "../../../packages/core/src/mls/tree_kem.ts"
import { readUpdatePath, type UpdatePathNode } from "../../../packages/core/src/mls/update_path.ts"
import { crypto, family, hex, toHex, type VectorFamily } from "./family.ts"

interface LeafPrivate {
  readonly index: number
  readonly encryption_priv: string
  readonly signature_priv: string
  readonly path_secrets: ReadonlyArray<{ readonly node: number; readonly path_secret: string }>
}

interface Entry {
  readonly group_id: string
  readonly epoch: number
  readonly confirmed_transcript_hash: string
  readonly ratchet_tree: string
  readonly leaves_private: ReadonlyArray<LeafPrivate>
  readonly update_paths: ReadonlyArray<{
    readonly sender: number
    readonly update_path: string
    readonly path_secrets: ReadonlyArray<string | null>
    readonly commit_secret: string
    readonly tree_hash_after: string
  }>
}

const nobody: ReadonlySet<number> = new Set()

function nodeKeys(pathSecret: string) {
  return hpkeDeriveKeyPair(crypto, deriveSecret(crypto, hex(pathSecret), "node"))
}

function ownKeys(tree: RatchetTree, leaf: LeafPrivate): OwnKeys {
  const path = new Map<number, PrivateKey>()
  for (const { node, path_secret } of leaf.path_secrets) {
    const pair = nodeKeys(path_secret)
    assert.deepEqual(pair.publicKey, publicKeyOf(tree, node))
    path.set(node, PrivateKey.take(pair.privateKey))
  }
  return new OwnKeys(
    PrivateKey.take(hex(leaf.encryption_priv)),
    path,
    PrivateKey.take(hex(leaf.signature_priv)),
  )
}

function check(entry: Entry): void {
  const tree = decodeTls(hex(entry.ratchet_tree), readRatchetTree)
  const keys = new Map(entry.leaves_private.map((leaf) => [leaf.index, ownKeys(tree, leaf)]))
  const contextFor = (treeHash: Uint8Array): Uint8Array =>
    encodeGroupContext({
      version: 1,
      cipherSuite: 1,
      groupId: hex(entry.group_id),
      epoch: BigInt(entry.epoch),
      treeHash,
      confirmedTranscriptHash: hex(entry.confirmed_transcript_hash),
      extensions: [],
    })

  for (const update of entry.update_paths) {
    const { sender } = update
    const filtered = filteredDirectPath(tree, sender)
    const readers = [...keys].filter(([index]) => index !== sender)
    const open = (
      nodes: ReadonlyArray<UpdatePathNode>,
      own: OwnKeys,
      index: number,
      hash: string,
    ) => openPath(crypto, tree, filtered, nodes, nobody, index, own, contextFor(hex(hash)))

    const path = decodeTls(hex(update.update_path), readUpdatePath)
    checkPathShape(tree, filtered, path.nodes, nobody)
    verifyLeafSignature(crypto, path.leafNode, hex(entry.group_id), sender)
    const draft = new TreeDraft(tree)
    const parentHash = placePath(
      crypto,
      draft,
      sender,
      filtered,
      path.nodes.map((n) => n.publicKey),
    )
    draft.setLeaf(sender, path.leafNode)
    assert.equal(path.leafNode.source.kind, "commit")
    assert.deepEqual(path.leafNode.source.parentHash, parentHash)
    assert.equal(toHex(treeHashOf(crypto, draft)), update.tree_hash_after)
    for (const [index, own] of readers) {
      const learned = open(path.nodes, own, index, update.tree_hash_after)
      assert.equal(toHex(learned.commitSecret), update.commit_secret)
      const expected = update.path_secrets[index]
      assert.ok(expected)
      const lowest = nodeKeys(expected)
      const first = [...learned.keys][0]
      assert.ok(first)
      assert.deepEqual(first[1].bytes, lowest.privateKey)
      assert.deepEqual(publicKeyOf(draft, first[0]), lowest.publicKey)
    }

    const ours = freshPath(crypto, systemEntropy, filtered.length)
    const ourDraft = new TreeDraft(tree)
    placePath(crypto, ourDraft, sender, filtered, ours.publicKeys)
    const hash = toHex(treeHashOf(crypto, ourDraft))
    const nodes = encryptPath(
      crypto,
      systemEntropy,
      tree,
      filtered,
      ours,
      nobody,
      contextFor(hex(hash)),
    )
    for (const [index, own] of readers) {
      assert.deepEqual(open(nodes, own, index, hash).commitSecret, ours.commitSecret)
    }
  }
}

/** The family. */
export const treekem: VectorFamily = family<Entry>({
  name: "treekem",
  keys: [
    "group_id",
    "epoch",
    "confirmed_transcript_hash",
    "ratchet_tree",
    "leaves_private",
    "update_paths",
  ],
  check,
})
