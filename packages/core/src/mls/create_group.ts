/**
 * Creating a group (RFC 9420 section 11).
 *
 * @module
 */
import type { CryptoProvider } from "../crypto/provider.ts"
import type { EntropyService } from "../services/entropy.ts"
import { checkCapabilities, checkContextExtensions } from "./context_extensions.ts"
import { decodeBoundary } from "./decode_boundary.ts"
import type { Extension } from "./extension.ts"
import { groupOf, type MlsGroup } from "./group.ts"
import { encodeGroupContext, type GroupContext } from "./group_context.ts"
import { deriveEpoch, secretLength } from "./key_schedule.ts"
import { decodeLeafNode } from "./leaf_node.ts"
import { checkLeafNode } from "./leaf_validation.ts"
import { refuse } from "./mls_error.ts"
import { confirmationTag, interimTranscriptHash } from "./next_epoch.ts"
import { OwnKeys, PrivateKey } from "./own_keys.ts"
import type { OwnKeyPackage } from "./own_key_package.ts"
import { defaultLimits, type MlsLimits } from "./policy.ts"
import { singleLeafTree } from "./ratchet_tree.ts"
import { CIPHERSUITE, MLS_VERSION } from "./registry.ts"
import { SecretTree } from "./secret_tree.ts"
import { treeHashOf } from "./tree_hash.ts"

/** What {@link createGroup} needs. */
export interface CreateGroupOptions {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** Source of the epoch secret. */
  readonly entropy: EntropyService
  /** MLS group id, chosen by the caller: random, 16 or 32 bytes. */
  readonly groupId: Uint8Array
  /** Whose leaf becomes the first one; keys are copied. */
  readonly creator: OwnKeyPackage
  /** GroupContext extensions in their order. */
  readonly extensions: ReadonlyArray<Extension>
  /** Windows and bounds; absent fields have their defaults. */
  readonly limits?: Partial<MlsLimits>
}

/**
 * A group of one in epoch 0.
 *
 * @throws MlsError `invalid-leaf` when the creator does not support what the extensions need,
 * `invalid-app-data` for a broken dictionary, `invalid-argument` for an empty group id.
 */
export function createGroup(options: CreateGroupOptions): MlsGroup {
  const { crypto, entropy, creator } = options
  if (options.groupId.length === 0) refuse("invalid-argument")
  const leaf = decodeLeafNode(creator.keyPackage.leafNode.bytes)
  checkLeafNode(leaf)
  const tree = singleLeafTree(leaf)
  const extensions = options.extensions.map((e) => ({ type: e.type, data: e.data.slice() }))
  checkContextExtensions(extensions)
  decodeBoundary(() => checkCapabilities(tree, extensions, "all"))
  const confirmed = new Uint8Array(0)
  const context: GroupContext = {
    version: MLS_VERSION,
    cipherSuite: CIPHERSUITE,
    groupId: options.groupId.slice(),
    epoch: 0n,
    treeHash: treeHashOf(crypto, tree),
    confirmedTranscriptHash: confirmed,
    extensions,
  }
  const epochSecret = entropy.bytes(secretLength)
  const { secrets, encryptionSecret } = deriveEpoch(crypto, epochSecret)
  epochSecret.fill(0)
  const tag = confirmationTag(crypto, secrets.confirmation.bytes, confirmed)
  return groupOf({
    crypto,
    limits: { ...defaultLimits, ...options.limits },
    context,
    contextBytes: encodeGroupContext(context),
    confirmationTag: tag,
    interimTranscriptHash: interimTranscriptHash(crypto, confirmed, tag),
    tree,
    ownLeaf: 0,
    keys: new OwnKeys(
      PrivateKey.copyOf(creator.leafKey.bytes),
      new Map(),
      PrivateKey.copyOf(creator.signatureSeed.bytes),
    ),
    secrets,
    secretTree: SecretTree.ofEncryptionSecret(1, encryptionSecret),
    proposals: [],
  })
}
