/**
 * What RFC 9420 section 7.3 asks of one LeafNode, and its signature.
 *
 * @module
 */
import type { CryptoProvider, VerificationKey } from "../crypto/provider.ts"
import { verifyWithLabel } from "./labeled.ts"
import { decodeLeafNode, type LeafNode, leafNodeTbs } from "./leaf_node.ts"
import type { Extension, RequiredCapabilities } from "./extension.ts"
import { checkKnownExtensions } from "./known_extensions.ts"
import { refuse } from "./mls_error.ts"
import { CIPHERSUITE, MLS_VERSION } from "./registry.ts"

/** Extension types 1 to 5 and proposal types 1 to 7 need no capability (section 7.2). */
const lastDefaultExtension = 5
const lastDefaultProposal = 7

const imported = new WeakMap<CryptoProvider, WeakMap<LeafNode, VerificationKey>>()

/** The leaf's signature key, imported once. Refuses with `invalid-leaf` what is no key. */
export function verificationKey(crypto: CryptoProvider, leaf: LeafNode): VerificationKey {
  let keys = imported.get(crypto)
  if (keys === undefined) imported.set(crypto, keys = new WeakMap())
  let key = keys.get(leaf)
  if (key === undefined) {
    key = crypto.importVerificationKey(leaf.signatureKey) ?? refuse("invalid-leaf")
    keys.set(leaf, key)
  }
  return key
}

/**
 * The same leaf in memory of its own, so that a tree does not keep a whole message alive. Its
 * imported key comes along.
 */
export function detachedLeaf(crypto: CryptoProvider, leaf: LeafNode): LeafNode {
  if (leaf.bytes.buffer.byteLength <= leaf.bytes.length + 512) return leaf
  const copy = decodeLeafNode(leaf.bytes)
  const key = imported.get(crypto)?.get(leaf)
  if (key !== undefined) imported.get(crypto)?.set(copy, key)
  return copy
}

/** Checks what a leaf says about itself: key sizes, own version, suite, credential, extensions. */
export function checkLeafNode(leaf: LeafNode): void {
  const { versions, cipherSuites, credentials, extensions } = leaf.capabilities
  if (leaf.encryptionKey.length !== 32 || leaf.signatureKey.length !== 32) refuse("invalid-leaf")
  if (!versions.includes(MLS_VERSION) || !cipherSuites.includes(CIPHERSUITE)) {
    refuse("invalid-leaf")
  }
  if (!credentials.includes(leaf.credential.type)) refuse("invalid-leaf")
  if (!listsAll(extensions, leaf.extensions)) refuse("invalid-leaf")
  checkKnownExtensions(leaf.extensions, "leafNode", "invalid-leaf")
}

/** Whether capabilities list the type of every extension that needs to be listed. */
export function listsAll(
  listed: ReadonlyArray<number>,
  extensions: ReadonlyArray<Extension>,
): boolean {
  return hasAll(listed, extensions.map((e) => e.type), lastDefaultExtension)
}

/** Whether a leaf supports everything that a group requires and uses. */
export function supportsGroup(
  leaf: LeafNode,
  required: RequiredCapabilities,
  extensions: ReadonlyArray<Extension>,
): boolean {
  const have = leaf.capabilities
  return hasAll(have.extensions, required.extensions, lastDefaultExtension) &&
    hasAll(have.proposals, required.proposals, lastDefaultProposal) &&
    hasAll(have.credentials, required.credentials, 0) &&
    listsAll(have.extensions, extensions)
}

/** Whether everything wanted is there, or is a default that need not be listed. */
function hasAll(
  have: ReadonlyArray<number>,
  wanted: ReadonlyArray<number>,
  lastDefault: number,
): boolean {
  // Lists are short, but their length is the sender's choice.
  const set = have.length * wanted.length > 1024 ? new Set(have) : undefined
  return wanted.every((t) => (t >= 1 && t <= lastDefault) || (set?.has(t) ?? have.includes(t)))
}

/**
 * Verifies a leaf's own signature; a leaf from a KeyPackage is not bound to a group.
 *
 * @throws MlsError `bad-signature` or `invalid-leaf`.
 */
export function verifyLeafSignature(
  crypto: CryptoProvider,
  leaf: LeafNode,
  groupId: Uint8Array | undefined,
  leafIndex: number,
): void {
  const unsigned = leaf.bytes.subarray(0, leaf.signedLength)
  if (leaf.source.kind !== "key_package" && groupId === undefined) refuse("invalid-leaf")
  const tbs = leafNodeTbs(unsigned, leaf.source, groupId ?? unsigned, leafIndex)
  const key = verificationKey(crypto, leaf)
  if (!verifyWithLabel(crypto, key, "LeafNodeTBS", tbs, leaf.signature)) refuse("bad-signature")
}
