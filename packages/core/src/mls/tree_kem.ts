/**
 * TreeKEM: making, applying and reading the path of a commit (RFC 9420 sections 7.4 to 7.6).
 *
 * @module
 */
import { hpkeDeriveKeyPair, hpkeOpen, hpkeSeal } from "../crypto/hpke.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import { equalBytes } from "../crypto/secret.ts"
import type { EntropyService } from "../services/entropy.ts"
import { deriveSecret, encryptContext } from "./labeled.ts"
import { refuse } from "./mls_error.ts"
import { type OwnKeys, PrivateKey } from "./own_keys.ts"
import {
  type FilteredNode,
  makeParentNode,
  publicKeyOf,
  type RatchetTree,
  resolutionOf,
  type TreeDraft,
} from "./ratchet_tree.ts"
import { nodeHash, parentHash } from "./tree_hash.ts"
import { covers } from "./tree_math.ts"
import type { EncryptedSecret, UpdatePathNode } from "./update_path.ts"

const none = new Uint8Array(0)

/**
 * Puts new public keys on the filtered direct path of a leaf, blanks the rest of its direct path
 * and returns the parent hash that belongs into the leaf. The caller then sets the leaf.
 */
export function placePath(
  crypto: CryptoProvider,
  draft: TreeDraft,
  leafIndex: number,
  filtered: ReadonlyArray<FilteredNode>,
  publicKeys: ReadonlyArray<Uint8Array>,
): Uint8Array {
  draft.blankPath(leafIndex)
  let above: Uint8Array = none
  for (let i = filtered.length - 1; i >= 0; i--) {
    const { node, copathChild } = filtered[i] as FilteredNode
    const publicKey = (publicKeys[i] as Uint8Array).slice()
    draft.setParent(node, makeParentNode(publicKey, above, []))
    above = parentHash(crypto, publicKey, above, nodeHash(crypto, draft, copathChild))
  }
  return above
}

/** A fresh path of our own: secrets, keys, and the secret of the commit. All owned by the caller. */
export interface FreshPath {
  /** One path secret for each node of the filtered direct path. */
  readonly secrets: ReadonlyArray<Uint8Array>
  /** The nodes' key pairs. */
  readonly privateKeys: ReadonlyArray<Uint8Array>
  /** Their public keys. */
  readonly publicKeys: ReadonlyArray<Uint8Array>
  /** `commit_secret`. */
  readonly commitSecret: Uint8Array
}

/**
 * Draws a fresh path of this many nodes. Without any node (the committer is alone) the commit secret
 * is the fresh first path secret itself, so that nobody who was removed can compute it.
 */
export function freshPath(
  crypto: CryptoProvider,
  entropy: EntropyService,
  length: number,
): FreshPath {
  const chain = climb(crypto, entropy.bytes(32), length)
  return {
    secrets: chain.secrets,
    privateKeys: chain.pairs.map((p) => p.privateKey),
    publicKeys: chain.pairs.map((p) => p.publicKey),
    commitSecret: chain.last,
  }
}

function climb(crypto: CryptoProvider, first: Uint8Array, length: number): {
  readonly secrets: ReadonlyArray<Uint8Array>
  readonly pairs: ReadonlyArray<{ privateKey: Uint8Array; publicKey: Uint8Array }>
  readonly last: Uint8Array
} {
  const secrets: Array<Uint8Array> = []
  const pairs: Array<{ privateKey: Uint8Array; publicKey: Uint8Array }> = []
  let secret = first
  for (let i = 0; i < length; i++) {
    secrets.push(secret)
    const nodeSecret = deriveSecret(crypto, secret, "node")
    pairs.push(hpkeDeriveKeyPair(crypto, nodeSecret))
    nodeSecret.fill(0)
    secret = deriveSecret(crypto, secret, "path")
  }
  return { secrets, pairs, last: secret }
}

/** Resolution of a node without leaves that this very commit adds. */
function recipients(
  tree: RatchetTree,
  node: number,
  added: ReadonlySet<number>,
): ReadonlyArray<number> {
  const resolution = resolutionOf(tree, node)
  return added.size === 0 ? resolution : resolution.filter((n) => n % 2 === 1 || !added.has(n >> 1))
}

/** Encrypts a fresh path to everybody who must learn of it. */
export function encryptPath(
  crypto: CryptoProvider,
  entropy: EntropyService,
  tree: RatchetTree,
  filtered: ReadonlyArray<FilteredNode>,
  path: FreshPath,
  added: ReadonlySet<number>,
  contextBytes: Uint8Array,
): ReadonlyArray<UpdatePathNode> {
  const info = encryptContext("UpdatePathNode", contextBytes)
  return filtered.map(({ copathChild }, i) => ({
    publicKey: path.publicKeys[i] as Uint8Array,
    secrets: recipients(tree, copathChild, added).map((node): EncryptedSecret => {
      const recipient = publicKeyOf(tree, node) ?? refuse("invalid-tree")
      const plaintext = path.secrets[i] as Uint8Array
      return sealTo(crypto, entropy, recipient, info, plaintext) ??
        // A key to which nothing can be encrypted must not keep everybody else from committing: its
        // owner gets a ciphertext that nobody can open.
        sealTo(crypto, entropy, lostKey(crypto, entropy), info, plaintext) ??
        refuse("invalid-tree")
    }),
  }))
}

function sealTo(
  crypto: CryptoProvider,
  entropy: EntropyService,
  recipientPublicKey: Uint8Array,
  info: Uint8Array,
  plaintext: Uint8Array,
): EncryptedSecret | undefined {
  const ephemeralPrivateKey = entropy.bytes(32)
  const sealed = hpkeSeal(crypto, {
    recipientPublicKey,
    ephemeralPrivateKey,
    info,
    additionalData: none,
    plaintext,
  })
  ephemeralPrivateKey.fill(0)
  return sealed
}

/** A public key whose private key nobody has. */
function lostKey(crypto: CryptoProvider, entropy: EntropyService): Uint8Array {
  const privateKey = entropy.bytes(32)
  const publicKey = crypto.x25519PublicKey(privateKey)
  privateKey.fill(0)
  return publicKey
}

/** Checks that a path has the shape that the tree asks for. */
export function checkPathShape(
  tree: RatchetTree,
  filtered: ReadonlyArray<FilteredNode>,
  nodes: ReadonlyArray<UpdatePathNode>,
  added: ReadonlySet<number>,
): void {
  if (nodes.length !== filtered.length) refuse("invalid-commit")
  filtered.forEach(({ copathChild }, i) => {
    const node = nodes[i] as UpdatePathNode
    if (node.publicKey.length !== 32) refuse("invalid-commit")
    if (node.secrets.length !== recipients(tree, copathChild, added).length) {
      refuse("invalid-commit")
    }
  })
}

/** What a member learns from a path; the caller owns the secret and holds each key once. */
export interface LearnedPath {
  /** Private keys of the nodes above us that the path renewed. */
  readonly keys: ReadonlyMap<number, PrivateKey>
  /** `commit_secret`. */
  readonly commitSecret: Uint8Array
}

/**
 * Decrypts our part of somebody's path and derives everything above it.
 *
 * @param tree the tree after proposals, with or without the path's public keys: only nodes outside
 * of the committer's direct path are looked at.
 * @param contextBytes the provisional GroupContext.
 */
export function openPath(
  crypto: CryptoProvider,
  tree: RatchetTree,
  filtered: ReadonlyArray<FilteredNode>,
  nodes: ReadonlyArray<UpdatePathNode>,
  added: ReadonlySet<number>,
  ownLeaf: number,
  keys: OwnKeys,
  contextBytes: Uint8Array,
): LearnedPath {
  const level = filtered.findIndex(({ node }) => covers(node, ownLeaf))
  if (level < 0) refuse("invalid-commit")
  const { copathChild } = filtered[level] as FilteredNode
  const targets = recipients(tree, copathChild, added)
  const index = targets.findIndex((node) =>
    covers(node, ownLeaf) && keys.at(node, ownLeaf) !== undefined
  )
  const target = targets[index]
  if (target === undefined) refuse("invalid-commit")
  const key = keys.at(target, ownLeaf) ?? refuse("invalid-commit")
  const sealed = nodes[level]?.secrets[index] ?? refuse("invalid-commit")
  const secret = hpkeOpen(crypto, {
    recipientKey: key.dhKey(crypto),
    recipientPublicKey: publicKeyOf(tree, target) ?? refuse("invalid-commit"),
    kemOutput: sealed.kemOutput,
    info: encryptContext("UpdatePathNode", contextBytes),
    additionalData: none,
    ciphertext: sealed.ciphertext,
  })
  if (secret === undefined || secret.length !== 32) refuse("decryption-failed")
  const above = filtered.slice(level)
  return learn(crypto, secret, above.map((f) => f.node), nodes.slice(level).map((n) => n.publicKey))
}

/**
 * Derives a chain of node keys from a path secret and compares it with the public keys. Takes
 * ownership of the secret.
 *
 * @throws MlsError `invalid-commit` when a key differs.
 */
export function learn(
  crypto: CryptoProvider,
  secret: Uint8Array,
  nodes: ReadonlyArray<number>,
  publicKeys: ReadonlyArray<Uint8Array | undefined>,
): LearnedPath {
  const chain = climb(crypto, secret, nodes.length)
  for (const spent of chain.secrets) spent.fill(0)
  const fits = chain.pairs.every(({ publicKey }, i) => {
    const expected = publicKeys[i]
    return expected !== undefined && equalBytes(publicKey, expected)
  })
  if (!fits) {
    for (const { privateKey } of chain.pairs) privateKey.fill(0)
    chain.last.fill(0)
    refuse("invalid-commit")
  }
  const keys = new Map<number, PrivateKey>()
  nodes.forEach((node, i) => {
    const pair = chain.pairs[i]
    if (pair !== undefined) keys.set(node, PrivateKey.take(pair.privateKey))
  })
  return { keys, commitSecret: chain.last }
}

/**
 * Our keys in the next state: the new ones, and of the old ones those whose node is still the same.
 * Holds every key of the result once; `fresh` and `leaf` are taken over, the rest is retained.
 */
export function nextOwnKeys(
  before: RatchetTree,
  after: RatchetTree,
  keys: OwnKeys,
  fresh: ReadonlyMap<number, PrivateKey>,
): Map<number, PrivateKey> {
  const path = new Map(fresh)
  for (const [node, key] of keys.path) {
    if (path.has(node)) continue
    const old = publicKeyOf(before, node)
    const now = publicKeyOf(after, node)
    if (old !== undefined && now !== undefined && equalBytes(old, now)) path.set(node, key.retain())
  }
  return path
}
