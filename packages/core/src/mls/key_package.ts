/**
 * KeyPackages (RFC 9420 section 10): decoding, references and validation.
 *
 * @module
 */
import { decodeTls, type TlsReader, TlsWriter } from "../codec/tls.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import { equalBytes } from "../crypto/secret.ts"
import { decodeBoundary } from "./decode_boundary.ts"
import { type Extension, readExtensions } from "./extension.ts"
import { refHash, verifyWithLabel } from "./labeled.ts"
import { type LeafNode, readLeafNode } from "./leaf_node.ts"
import { checkKnownExtensions } from "./known_extensions.ts"
import { checkLeafNode, listsAll, verificationKey, verifyLeafSignature } from "./leaf_validation.ts"
import { refuse } from "./mls_error.ts"
import { checkLifetime, type LifetimePolicy } from "./policy.ts"
import { CIPHERSUITE, MLS_VERSION, WireFormat } from "./registry.ts"

/** A decoded KeyPackage together with its exact encoding. Treat every byte string as read-only. */
export interface KeyPackage {
  /** Protocol version; 1 is mls10. */
  readonly version: number
  /** Ciphersuite. */
  readonly cipherSuite: number
  /** HPKE public key for the Welcome, 32 bytes X25519. */
  readonly initKey: Uint8Array
  /** The leaf that enters the tree. */
  readonly leafNode: LeafNode
  /** Extensions of the KeyPackage itself, not of its leaf. */
  readonly extensions: ReadonlyArray<Extension>
  /** Signature over the rest, by the leaf's signature key. */
  readonly signature: Uint8Array
  /** The encoding, without an MLSMessage around it. */
  readonly bytes: Uint8Array
  /** How many of `bytes` come before the signature's length prefix. */
  readonly signedLength: number
}

/** Reads one KeyPackage; its byte strings are windows on the reader's input. */
export function readKeyPackage(reader: TlsReader): KeyPackage {
  const start = reader.position
  const version = reader.u16()
  const cipherSuite = reader.u16()
  const initKey = reader.viewV()
  const leafNode = readLeafNode(reader)
  const extensions = readExtensions(reader)
  const signedLength = reader.position - start
  const signature = reader.viewV()
  const bytes = reader.viewSince(start)
  return { version, cipherSuite, initKey, leafNode, extensions, signature, bytes, signedLength }
}

/**
 * Decodes a bare KeyPackage from a copy of `bytes`, without validating it.
 *
 * @throws MlsError `malformed`.
 */
export function decodeKeyPackage(bytes: Uint8Array): KeyPackage {
  return decodeBoundary(() => decodeTls(bytes.slice(), readKeyPackage))
}

/** `MakeKeyPackageRef`: 32 bytes. */
export function keyPackageRef(crypto: CryptoProvider, keyPackage: KeyPackage): Uint8Array {
  return refHash(crypto, "MLS 1.0 KeyPackage Reference", keyPackage.bytes)
}

/** The KeyPackage as a complete MLSMessage. */
export function encodeKeyPackageMessage(keyPackage: KeyPackage): Uint8Array {
  return new TlsWriter(keyPackage.bytes.length + 4)
    .u16(MLS_VERSION).u16(WireFormat.keyPackage).opaque(keyPackage.bytes).finish()
}

/**
 * Validates a KeyPackage by RFC 9420 section 10.1 and, where given, by a lifetime policy. What a
 * group requires is checked again when it is added.
 *
 * @throws MlsError `unsupported`, `invalid-key-package`, `invalid-leaf`, `bad-signature`,
 * `duplicate-key`, `invalid-lifetime`; `malformed` or `invalid-app-data` for the data of an extension.
 */
export function validateKeyPackage(
  crypto: CryptoProvider,
  keyPackage: KeyPackage,
  lifetime?: LifetimePolicy,
): void {
  if (keyPackage.version !== MLS_VERSION || keyPackage.cipherSuite !== CIPHERSUITE) {
    refuse("unsupported")
  }
  const { leafNode, initKey } = keyPackage
  if (leafNode.source.kind !== "key_package") refuse("invalid-key-package")
  if (initKey.length !== 32) refuse("invalid-key-package")
  if (equalBytes(initKey, leafNode.encryptionKey)) refuse("duplicate-key")
  checkLeafNode(leafNode)
  if (!listsAll(leafNode.capabilities.extensions, keyPackage.extensions)) {
    refuse("invalid-key-package")
  }
  checkKnownExtensions(keyPackage.extensions, "keyPackage", "invalid-key-package")
  checkLifetime(keyPackage, lifetime)
  verifyLeafSignature(crypto, leafNode, undefined, 0)
  const signed = keyPackage.bytes.subarray(0, keyPackage.signedLength)
  const key = verificationKey(crypto, leafNode)
  if (!verifyWithLabel(crypto, key, "KeyPackageTBS", signed, keyPackage.signature)) {
    refuse("bad-signature")
  }
}

/**
 * Decodes and validates somebody's KeyPackage in one step.
 *
 * @param bytes an MLSMessage with wire format `mls_key_package`.
 * @param lifetime span and current time, as for every KeyPackage that we choose or publish.
 * @throws MlsError `malformed`, `unsupported`, or what {@link validateKeyPackage} throws.
 */
export function parseKeyPackage(
  crypto: CryptoProvider,
  bytes: Uint8Array,
  lifetime: LifetimePolicy,
): KeyPackage {
  const keyPackage = decodeBoundary(() =>
    decodeTls(bytes.slice(), (r) => {
      if (r.u16() !== MLS_VERSION || r.u16() !== WireFormat.keyPackage) refuse("unsupported")
      return readKeyPackage(r)
    })
  )
  validateKeyPackage(crypto, keyPackage, lifetime)
  return keyPackage
}
