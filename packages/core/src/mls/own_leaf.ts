/**
 * New leaves of our own, for Updates and for paths.
 *
 * @module
 */
import { decodeTls, TlsWriter } from "../codec/tls.ts"
import type { CryptoProvider, SigningKey } from "../crypto/provider.ts"
import type { EntropyService } from "../services/entropy.ts"
import { signWithLabel } from "./labeled.ts"
import {
  encodeUnsignedLeafNode,
  type LeafNode,
  type LeafNodeSource,
  leafNodeTbs,
  readLeafNode,
  type UnsignedLeafNode,
} from "./leaf_node.ts"
import { checkLeafNode } from "./leaf_validation.ts"
import { refuse } from "./mls_error.ts"
import { PrivateKey } from "./own_keys.ts"
import type { LeafPatch } from "./proposal_request.ts"

/** Fresh keys for a leaf; the caller holds each once. */
export interface FreshLeafKeys {
  /** X25519 key. */
  readonly leafKey: PrivateKey
  /** New Ed25519 key; `undefined` when the leaf keeps its key. */
  readonly signatureSeed: PrivateKey | undefined
}

/** Draws the keys of a new leaf. */
export function freshLeafKeys(
  entropy: EntropyService,
  patch: LeafPatch | undefined,
): FreshLeafKeys {
  const seed = patch?.signatureSeed
  if (seed !== undefined && seed.length !== 32) refuse("invalid-argument")
  return {
    leafKey: PrivateKey.take(entropy.bytes(32)),
    signatureSeed: seed === undefined ? undefined : PrivateKey.copyOf(seed),
  }
}

/** Builds and signs a new leaf of our own from the present one. */
export function signOwnLeaf(
  crypto: CryptoProvider,
  before: LeafNode,
  patch: LeafPatch | undefined,
  keys: FreshLeafKeys,
  signingKey: SigningKey,
  source: LeafNodeSource,
  groupId: Uint8Array,
  leafIndex: number,
): LeafNode {
  const unsigned: UnsignedLeafNode = {
    encryptionKey: crypto.x25519PublicKey(keys.leafKey.bytes),
    signatureKey: keys.signatureSeed === undefined
      ? before.signatureKey
      : crypto.ed25519PublicKey(keys.signatureSeed.bytes),
    credential: patch?.credential ?? before.credential,
    capabilities: patch?.capabilities ?? before.capabilities,
    source,
    extensions: patch?.extensions ?? before.extensions,
  }
  const bytes = encodeUnsignedLeafNode(unsigned)
  const tbs = leafNodeTbs(bytes, source, groupId, leafIndex)
  const signature = signWithLabel(crypto, signingKey, "LeafNodeTBS", tbs)
  const leaf = decodeTls(
    new TlsWriter(bytes.length + 72).opaque(bytes).opaqueV(signature).finish(),
    readLeafNode,
  )
  checkLeafNode(leaf)
  return leaf
}
