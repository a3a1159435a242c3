/**
 * Joining by a Welcome (RFC 9420 section 12.4.3.1).
 *
 * @module
 */
import { decodeTls } from "../codec/tls.ts"
import { hpkeOpen } from "../crypto/hpke.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import { equalBytes } from "../crypto/secret.ts"
import { checkContextExtensions } from "./context_extensions.ts"
import { decodeBoundary } from "./decode_boundary.ts"
import { type Extension, findExtension } from "./extension.ts"
import { groupOf, type MlsGroup } from "./group.ts"
import { epochFromIntermediate, joinerKeys, pskSecret, welcomeKey } from "./key_schedule.ts"
import { checkKnownExtensions } from "./known_extensions.ts"
import { encryptContext, verifyWithLabel } from "./labeled.ts"
import { verificationKey } from "./leaf_validation.ts"
import { type Member, memberOf } from "./member.ts"
import { refuse } from "./mls_error.ts"
import { decodeMlsMessage } from "./mls_message.ts"
import { confirmationTag, interimTranscriptHash } from "./next_epoch.ts"
import { OwnKeys, PrivateKey } from "./own_keys.ts"
import type { OwnKeyPackage } from "./own_key_package.ts"
import { defaultLimits, type MlsLimits, type MlsPolicy } from "./policy.ts"
import { ResumptionUsage, samePsk } from "./pre_shared_key.ts"
import {
  filteredDirectPath,
  publicKeyOf,
  type RatchetTree,
  readRatchetTree,
} from "./ratchet_tree.ts"
import { CIPHERSUITE, ExtensionType, MLS_VERSION } from "./registry.ts"
import { SecretTree } from "./secret_tree.ts"
import { treeHashOf } from "./tree_hash.ts"
import { learn } from "./tree_kem.ts"
import { covers } from "./tree_math.ts"
import { validateTree } from "./tree_validation.ts"
import {
  type GroupInfo,
  type GroupSecrets,
  readGroupInfo,
  readGroupSecrets,
  type Welcome,
} from "./welcome.ts"

const none = new Uint8Array(0)

/** What {@link join} needs. */
export interface JoinOptions {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** The Welcome as an MLSMessage. */
  readonly welcome: Uint8Array
  /** KeyPackages that it may be for; they stay as they are. */
  readonly keyPackages: ReadonlyArray<OwnKeyPackage>
  /** The tree, when the Welcome does not carry it. */
  readonly ratchetTree?: Uint8Array
  /** PSKs. Lifetimes are not checked: the leaves are in a tree already. */
  readonly policy?: MlsPolicy
  /** Windows and bounds; absent fields have their defaults. */
  readonly limits?: Partial<MlsLimits>
}

/** A group that we could join: nothing is consumed, dropping it has no effect. */
export interface Joined {
  /** The state that we join. */
  readonly group: MlsGroup
  /** Which KeyPackage the Welcome was for. */
  readonly keyPackage: OwnKeyPackage
  /** The member who signed the GroupInfo: the inviter. */
  readonly inviter: Member
  /** Extensions of the GroupInfo. */
  readonly groupInfoExtensions: ReadonlyArray<Extension>
}

/**
 * The `KeyPackageRef`s that a Welcome names, without opening anything.
 *
 * @throws MlsError `malformed` or `unsupported`.
 */
export function welcomeRefs(welcome: Uint8Array): ReadonlyArray<Uint8Array> {
  return decodeWelcome(welcome.slice()).secrets.map((s) => s.newMember)
}

function decodeWelcome(bytes: Uint8Array): Welcome {
  const decoded = decodeMlsMessage(bytes)
  if (decoded.wireFormat !== "welcome") refuse("unsupported")
  if (decoded.welcome.cipherSuite !== CIPHERSUITE) refuse("unsupported")
  return decoded.welcome
}

/**
 * Opens a Welcome and checks the whole group. Neither the KeyPackages nor anything else changes.
 *
 * @throws MlsError with the reason.
 */
export function join(options: JoinOptions): Joined {
  const { crypto, policy = {} } = options
  const welcome = decodeWelcome(options.welcome.slice())
  const { own, secrets } = openGroupSecrets(crypto, welcome, options.keyPackages)
  checkPsks(secrets)
  const psk = pskSecret(crypto, secrets.psks, policy.psk)
  const { intermediate, welcome: welcomeSecret } = joinerKeys(crypto, secrets.joinerSecret, psk)
  secrets.joinerSecret.fill(0)
  psk.fill(0)
  try {
    const info = openGroupInfo(crypto, welcome, welcomeSecret)
    return enter(options, own, secrets, intermediate, info)
  } finally {
    intermediate.fill(0)
    secrets.pathSecret?.fill(0)
  }
}

/** Checks everything that a GroupInfo says and takes our place in its group. */
function enter(
  options: JoinOptions,
  own: OwnKeyPackage,
  secrets: GroupSecrets,
  intermediate: Uint8Array,
  info: GroupInfo,
): Joined {
  const { crypto } = options
  const { context, contextBytes } = info
  if (context.version !== MLS_VERSION || context.cipherSuite !== CIPHERSUITE) refuse("unsupported")
  const tree = treeOf(info, options.ratchetTree)
  const signer = tree.leaves[info.signer] ?? refuse("invalid-group-info")
  const key = verificationKey(crypto, signer)
  if (!verifyWithLabel(crypto, key, "GroupInfoTBS", info.tbs, info.signature)) {
    refuse("bad-signature")
  }
  if (!equalBytes(treeHashOf(crypto, tree), context.treeHash)) refuse("invalid-tree")
  checkContextExtensions(context.extensions)
  checkKnownExtensions(info.extensions, "groupInfo", "invalid-group-info")
  decodeBoundary(() => validateTree(crypto, tree, context.groupId, context.extensions))
  const ownLeaf = tree.leaves.findIndex((leaf) =>
    leaf !== undefined && equalBytes(leaf.bytes, own.keyPackage.leafNode.bytes)
  )
  if (ownLeaf < 0 || ownLeaf === info.signer) refuse("invalid-group-info")
  const path = learnPath(crypto, tree, info.signer, ownLeaf, secrets.pathSecret)
  const epoch = epochFromIntermediate(crypto, intermediate, contextBytes)
  const tag = confirmationTag(
    crypto,
    epoch.secrets.confirmation.bytes,
    context.confirmedTranscriptHash,
  )
  if (!equalBytes(tag, info.confirmationTag)) {
    epoch.secrets.release()
    epoch.encryptionSecret.fill(0)
    for (const key of path.values()) key.release()
    refuse("bad-confirmation-tag")
  }
  const group = groupOf({
    crypto,
    limits: { ...defaultLimits, ...options.limits },
    context,
    contextBytes,
    confirmationTag: tag,
    interimTranscriptHash: interimTranscriptHash(crypto, context.confirmedTranscriptHash, tag),
    tree,
    ownLeaf,
    keys: new OwnKeys(
      PrivateKey.copyOf(own.leafKey.bytes),
      path,
      PrivateKey.copyOf(own.signatureSeed.bytes),
    ),
    secrets: epoch.secrets,
    secretTree: SecretTree.ofEncryptionSecret(tree.leaves.length, epoch.encryptionSecret),
    proposals: [],
  })
  return {
    group,
    keyPackage: own,
    inviter: memberOf(info.signer, signer),
    groupInfoExtensions: info.extensions,
  }
}

/** Only PSKs of usage `application` (or external ones) can be in an ordinary Welcome, each once. */
function checkPsks(secrets: GroupSecrets): void {
  secrets.psks.forEach((id, i) => {
    if (id.kind === "resumption" && id.usage !== ResumptionUsage.application) refuse("policy")
    if (id.nonce.length !== 32) refuse("invalid-group-info")
    if (secrets.psks.slice(0, i).some((other) => samePsk(other, id))) refuse("invalid-group-info")
  })
}

function openGroupSecrets(
  crypto: CryptoProvider,
  welcome: Welcome,
  keyPackages: ReadonlyArray<OwnKeyPackage>,
): { readonly own: OwnKeyPackage; readonly secrets: GroupSecrets } {
  for (const { newMember, secrets } of welcome.secrets) {
    const own = keyPackages.find((k) => equalBytes(k.ref, newMember))
    if (own === undefined) continue
    const recipientKey = crypto.importDhKey(own.initKey.bytes)
    const plaintext = hpkeOpen(crypto, {
      recipientKey,
      recipientPublicKey: own.keyPackage.initKey,
      kemOutput: secrets.kemOutput,
      info: encryptContext("Welcome", welcome.encryptedGroupInfo),
      additionalData: none,
      ciphertext: secrets.ciphertext,
    })
    recipientKey.wipe()
    if (plaintext === undefined) refuse("decryption-failed")
    const opened = decodeBoundary(() => decodeTls(plaintext, readGroupSecrets))
    if (opened.joinerSecret.length !== 32) refuse("malformed")
    const { pathSecret } = opened
    if (pathSecret !== undefined && pathSecret.length !== 32) refuse("malformed")
    return { own, secrets: opened }
  }
  return refuse("not-for-us")
}

function openGroupInfo(
  crypto: CryptoProvider,
  welcome: Welcome,
  welcomeSecret: Uint8Array,
): GroupInfo {
  const { key, nonce } = welcomeKey(crypto, welcomeSecret)
  welcomeSecret.fill(0)
  const plaintext = crypto.aes128GcmOpen(key, nonce, welcome.encryptedGroupInfo, none)
  key.fill(0)
  if (plaintext === undefined) refuse("decryption-failed")
  return decodeBoundary(() => decodeTls(plaintext, readGroupInfo))
}

function treeOf(info: GroupInfo, beside: Uint8Array | undefined): RatchetTree {
  const inside = findExtension(info.extensions, ExtensionType.ratchetTree)
  const bytes = inside ?? beside?.slice() ?? refuse("missing-tree")
  return decodeBoundary(() => decodeTls(bytes, readRatchetTree))
}

/** Keys of the nodes that the path secret of a Welcome reaches. */
function learnPath(
  crypto: CryptoProvider,
  tree: RatchetTree,
  signer: number,
  ownLeaf: number,
  secret: Uint8Array | undefined,
): ReadonlyMap<number, PrivateKey> {
  if (secret === undefined) return new Map()
  const nodes = filteredDirectPath(tree, signer).map((f) => f.node)
    .filter((node) => covers(node, ownLeaf))
  const learned = learn(crypto, secret, nodes, nodes.map((n) => publicKeyOf(tree, n)))
  learned.commitSecret.fill(0)
  return learned.keys
}
