/**
 * KeyPackages of our own: the public part together with its three private keys.
 *
 * @module
 */
import { decodeTls, encodeSecretTls, TlsWriter } from "../codec/tls.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import { equalBytes, Secret } from "../crypto/secret.ts"
import type { EntropyService } from "../services/entropy.ts"
import { decodeBoundary } from "./decode_boundary.ts"
import { type Extension, writeExtensions } from "./extension.ts"
import {
  decodeKeyPackage,
  encodeKeyPackageMessage,
  type KeyPackage,
  keyPackageRef,
} from "./key_package.ts"
import { signWithLabel } from "./labeled.ts"
import {
  basicCredential,
  type Capabilities,
  encodeUnsignedLeafNode,
  type Lifetime,
} from "./leaf_node.ts"
import { refuse } from "./mls_error.ts"
import { CIPHERSUITE, MLS_VERSION } from "./registry.ts"

/**
 * A KeyPackage that we can join with. Its secrets belong to this value; joining copies them, and
 * {@link wipeOwnKeyPackage} zeroes them.
 */
export interface OwnKeyPackage {
  /** The public part. */
  readonly keyPackage: KeyPackage
  /** The KeyPackage as an MLSMessage, ready to be published. */
  readonly message: Uint8Array
  /** `KeyPackageRef`, 32 bytes. */
  readonly ref: Uint8Array
  /** X25519 private key that opens the Welcome. */
  readonly initKey: Secret
  /** X25519 private key of the leaf. */
  readonly leafKey: Secret
  /** Ed25519 seed of the leaf's signature key. */
  readonly signatureSeed: Secret
}

/** What {@link generateKeyPackage} needs. */
export interface GenerateKeyPackageOptions {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** Source of the fresh keys. */
  readonly entropy: EntropyService
  /** Identity of the basic credential. */
  readonly identity: Uint8Array
  /** Ed25519 seed to use, 32 bytes, copied; absent: a fresh one. */
  readonly signatureSeed?: Uint8Array
  /** What the leaf says it supports. */
  readonly capabilities: Capabilities
  /** Extensions of the leaf. A function gets the public signature key, for what must bind it. */
  readonly leafExtensions:
    | ReadonlyArray<Extension>
    | ((signatureKey: Uint8Array) => ReadonlyArray<Extension>)
  /** Extensions of the KeyPackage itself. */
  readonly keyPackageExtensions?: ReadonlyArray<Extension>
  /** Validity. */
  readonly lifetime: Lifetime
}

/** Private keys given from outside, with the public KeyPackage they belong to. */
export interface ImportKeyPackageOptions {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** The bare KeyPackage, without an MLSMessage around it. */
  readonly keyPackage: Uint8Array
  /** X25519 private init key, 32 bytes, copied. */
  readonly initKey: Uint8Array
  /** X25519 private leaf key, 32 bytes, copied. */
  readonly leafKey: Uint8Array
  /** Ed25519 seed, 32 bytes, copied. */
  readonly signatureSeed: Uint8Array
}

/** Makes and signs a fresh KeyPackage. */
export function generateKeyPackage(options: GenerateKeyPackageOptions): OwnKeyPackage {
  const { crypto, entropy } = options
  const seed = options.signatureSeed?.slice() ?? entropy.bytes(32)
  const initKey = entropy.bytes(32)
  const leafKey = entropy.bytes(32)
  const signatureKey = crypto.ed25519PublicKey(seed)
  const { leafExtensions } = options
  const signingKey = crypto.importSigningKey(seed)
  try {
    const unsignedLeaf = encodeUnsignedLeafNode({
      encryptionKey: crypto.x25519PublicKey(leafKey),
      signatureKey,
      credential: basicCredential(options.identity),
      capabilities: options.capabilities,
      source: { kind: "key_package", lifetime: options.lifetime },
      extensions: typeof leafExtensions === "function"
        ? leafExtensions(signatureKey.slice())
        : leafExtensions,
    })
    const w = new TlsWriter(1024).u16(MLS_VERSION).u16(CIPHERSUITE)
      .opaqueV(crypto.x25519PublicKey(initKey))
      .opaque(unsignedLeaf)
      .opaqueV(signWithLabel(crypto, signingKey, "LeafNodeTBS", unsignedLeaf))
    writeExtensions(w, options.keyPackageExtensions ?? [])
    w.opaqueV(signWithLabel(crypto, signingKey, "KeyPackageTBS", w.finish()))
    return assemble(crypto, decodeKeyPackage(w.view()), {
      initKey: Secret.take(initKey),
      leafKey: Secret.take(leafKey),
      signatureSeed: Secret.take(seed),
    })
  } finally {
    signingKey.wipe()
  }
}

/**
 * Puts a KeyPackage and its private keys together.
 *
 * @throws MlsError `malformed`, or `invalid-key-package` when a private key does not fit.
 */
export function importKeyPackage(options: ImportKeyPackageOptions): OwnKeyPackage {
  const { crypto } = options
  const keyPackage = decodeKeyPackage(options.keyPackage)
  const fits = [options.initKey, options.leafKey, options.signatureSeed]
    .every((key) => key.length === 32) &&
    equalBytes(crypto.x25519PublicKey(options.initKey), keyPackage.initKey) &&
    equalBytes(crypto.x25519PublicKey(options.leafKey), keyPackage.leafNode.encryptionKey) &&
    equalBytes(crypto.ed25519PublicKey(options.signatureSeed), keyPackage.leafNode.signatureKey)
  if (!fits) refuse("invalid-key-package")
  return assemble(crypto, keyPackage, {
    initKey: Secret.copyOf(options.initKey),
    leafKey: Secret.copyOf(options.leafKey),
    signatureSeed: Secret.copyOf(options.signatureSeed),
  })
}

const formatVersion = 1

/**
 * Encodes a KeyPackage with its private keys: `u8 version = 1 ‖ initKey[32] ‖ leafKey[32] ‖
 * signatureSeed[32] ‖ keyPackage<V>`. The result is secret: the caller zeroes it.
 */
export function encodeOwnKeyPackage(own: OwnKeyPackage): Uint8Array {
  return encodeSecretTls((w) =>
    w.u8(formatVersion).opaque(own.initKey.bytes).opaque(own.leafKey.bytes)
      .opaque(own.signatureSeed.bytes).opaqueV(own.keyPackage.bytes)
  )
}

/**
 * Decodes what {@link encodeOwnKeyPackage} made; copies everything.
 *
 * @throws MlsError `invalid-state` for a newer version, `malformed`, `invalid-key-package`.
 */
export function decodeOwnKeyPackage(crypto: CryptoProvider, bytes: Uint8Array): OwnKeyPackage {
  return importKeyPackage({
    crypto,
    ...decodeBoundary(() =>
      decodeTls(bytes, (r) => {
        if (r.u8() !== formatVersion) refuse("invalid-state")
        return {
          initKey: r.view(32),
          leafKey: r.view(32),
          signatureSeed: r.view(32),
          keyPackage: r.viewV(),
        }
      })
    ),
  })
}

/** Zeroes the private keys. States that were joined with them have copies of their own. */
export function wipeOwnKeyPackage(own: OwnKeyPackage): void {
  own.initKey.wipe()
  own.leafKey.wipe()
  own.signatureSeed.wipe()
}

function assemble(
  crypto: CryptoProvider,
  keyPackage: KeyPackage,
  keys: Pick<OwnKeyPackage, "initKey" | "leafKey" | "signatureSeed">,
): OwnKeyPackage {
  return {
    keyPackage,
    message: encodeKeyPackageMessage(keyPackage),
    ref: keyPackageRef(crypto, keyPackage),
    ...keys,
  }
}
