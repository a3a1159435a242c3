/**
 * GroupInfo and Welcome of our own (RFC 9420 section 12.4.3).
 *
 * @module
 */
import { encodeTls, TlsWriter } from "../codec/tls.ts"
import { hpkeSeal } from "../crypto/hpke.ts"
import type { CryptoProvider, SigningKey } from "../crypto/provider.ts"
import type { EntropyService } from "../services/entropy.ts"
import type { Extension } from "./extension.ts"
import { keyPackageRef } from "./key_package.ts"
import { welcomeKey } from "./key_schedule.ts"
import { encryptContext, signWithLabel } from "./labeled.ts"
import { refuse } from "./mls_error.ts"
import type { PreSharedKeyId } from "./pre_shared_key.ts"
import type { AddedLeaf } from "./proposal_list.ts"
import { CIPHERSUITE, ExtensionType, MLS_VERSION, WireFormat } from "./registry.ts"
import { encodeGroupSecrets, groupInfoTbs, writeWelcome } from "./welcome.ts"

const none = new Uint8Array(0)

/** What a GroupInfo is made of. */
export interface GroupInfoInput {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** GroupContext. */
  readonly contextBytes: Uint8Array
  /** Tag of that epoch. */
  readonly confirmationTag: Uint8Array
  /** Our leaf. */
  readonly signer: number
  /** Our key in that epoch. */
  readonly signingKey: SigningKey
  /** Extensions besides the tree. */
  readonly extensions: ReadonlyArray<Extension>
  /** The tree, when it goes inside. */
  readonly ratchetTree: Uint8Array | undefined
}

/** A signed GroupInfo. */
export interface SignedGroupInfo {
  /** Its encoding. */
  readonly bytes: Uint8Array
  /** The same as an MLSMessage. */
  readonly message: Uint8Array
}

/** Signs a GroupInfo; the tree becomes its last extension. */
export function signGroupInfo(input: GroupInfoInput): SignedGroupInfo {
  const extensions = input.ratchetTree === undefined
    ? input.extensions
    : [...input.extensions, { type: ExtensionType.ratchetTree, data: input.ratchetTree }]
  if (new Set(extensions.map((e) => e.type)).size !== extensions.length) refuse("invalid-argument")
  const tbs = groupInfoTbs(input.contextBytes, extensions, input.confirmationTag, input.signer)
  const signature = signWithLabel(input.crypto, input.signingKey, "GroupInfoTBS", tbs)
  const bytes = new TlsWriter(tbs.length + 72).opaque(tbs).opaqueV(signature).finish()
  const message = new TlsWriter(bytes.length + 4)
    .u16(MLS_VERSION).u16(WireFormat.groupInfo).opaque(bytes).finish()
  return { bytes, message }
}

/** What a Welcome is made of. */
export interface WelcomeInput {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** Source of HPKE keys. */
  readonly entropy: EntropyService
  /** For all joiners. */
  readonly groupInfo: SignedGroupInfo
  /** `welcome_secret`. */
  readonly welcomeSecret: Uint8Array
  /** `joiner_secret`. */
  readonly joinerSecret: Uint8Array
  /** PSKs of the commit. */
  readonly psks: ReadonlyArray<PreSharedKeyId>
  /** New members. */
  readonly added: ReadonlyArray<AddedLeaf>
  /** Path secret of a new member's lowest common ancestor with us. */
  readonly pathSecretFor: (leafIndex: number) => Uint8Array | undefined
}

/** Encrypts a Welcome for all new members, as an MLSMessage. */
export function makeWelcome(input: WelcomeInput): Uint8Array {
  const { crypto, entropy } = input
  const { key, nonce } = welcomeKey(crypto, input.welcomeSecret)
  const encryptedGroupInfo = crypto.aes128GcmSeal(key, nonce, input.groupInfo.bytes, none)
  key.fill(0)
  const info = encryptContext("Welcome", encryptedGroupInfo)
  const secrets = input.added.map(({ leafIndex, keyPackage }) => {
    const plaintext = encodeGroupSecrets({
      joinerSecret: input.joinerSecret,
      pathSecret: input.pathSecretFor(leafIndex),
      psks: input.psks,
    })
    const ephemeralPrivateKey = entropy.bytes(32)
    const sealed = hpkeSeal(crypto, {
      recipientPublicKey: keyPackage.initKey,
      ephemeralPrivateKey,
      info,
      additionalData: none,
      plaintext,
    })
    plaintext.fill(0)
    ephemeralPrivateKey.fill(0)
    return {
      newMember: keyPackageRef(crypto, keyPackage),
      secrets: sealed ?? refuse("invalid-key-package"),
    }
  })
  return encodeTls((w) => {
    writeWelcome(w.u16(MLS_VERSION).u16(WireFormat.welcome), {
      cipherSuite: CIPHERSUITE,
      secrets,
      encryptedGroupInfo,
    })
  })
}
