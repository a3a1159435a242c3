/**
 * LeafNode (RFC 9420 section 7.2): credential, capabilities, lifetime and their encoding.
 *
 * @module
 */
import { decodeTls, type TlsReader, TlsWriter } from "../codec/tls.ts"
import { type Extension, readExtensions, writeExtensions } from "./extension.ts"
import { refuse } from "./mls_error.ts"
import { CredentialType } from "./registry.ts"

/**
 * Who a leaf claims to be. Types other than `basic` (an X.509 chain, GREASE, anything unknown) are
 * kept as opaque content.
 */
export interface Credential {
  /** `CredentialType`. */
  readonly type: number
  /** `identity` of a basic credential; otherwise the content of its one vector. */
  readonly content: Uint8Array
}

/** What a client supports. Unknown and GREASE values are kept. */
export interface Capabilities {
  /** Protocol versions. */
  readonly versions: ReadonlyArray<number>
  /** Ciphersuites. */
  readonly cipherSuites: ReadonlyArray<number>
  /** Extension types beyond the default ones. */
  readonly extensions: ReadonlyArray<number>
  /** Proposal types beyond the default ones. */
  readonly proposals: ReadonlyArray<number>
  /** Credential types. */
  readonly credentials: ReadonlyArray<number>
}

/** Validity of a KeyPackage's leaf in Unix seconds, both ends included. */
export interface Lifetime {
  /** `not_before`. */
  readonly notBefore: bigint
  /** `not_after`. */
  readonly notAfter: bigint
}

/** Where a leaf came from, with what only such a leaf carries. */
export type LeafNodeSource =
  | { readonly kind: "key_package"; readonly lifetime: Lifetime }
  | { readonly kind: "update" }
  | { readonly kind: "commit"; readonly parentHash: Uint8Array }

/** A decoded LeafNode together with its exact encoding. Treat every byte string as read-only. */
export interface LeafNode {
  /** HPKE public key, 32 bytes X25519. */
  readonly encryptionKey: Uint8Array
  /** Ed25519 public key, 32 bytes. */
  readonly signatureKey: Uint8Array
  /** Who it claims to be. */
  readonly credential: Credential
  /** What it supports. */
  readonly capabilities: Capabilities
  /** Where it came from. */
  readonly source: LeafNodeSource
  /** Leaf extensions in their order. */
  readonly extensions: ReadonlyArray<Extension>
  /** Signature over the rest. */
  readonly signature: Uint8Array
  /** The encoding of the whole LeafNode. */
  readonly bytes: Uint8Array
  /** How many of `bytes` come before the signature's length prefix. */
  readonly signedLength: number
}

/** A LeafNode before it is signed. */
export type UnsignedLeafNode = Omit<LeafNode, "signature" | "bytes" | "signedLength">

/** A basic credential with this identity. */
export function basicCredential(identity: Uint8Array): Credential {
  return { type: CredentialType.basic, content: identity }
}

const ids = (reader: TlsReader): number[] => reader.vector((r) => r.u16(), 4096)

/** Reads a `Credential`. */
export function readCredential(reader: TlsReader): Credential {
  const type = reader.u16()
  const content = reader.viewV()
  if (type === CredentialType.x509) checkCertificates(content)
  return { type, content }
}

/** The content of an X.509 credential must be whole certificates. */
function checkCertificates(content: Uint8Array): void {
  decodeTls(content, (r) => {
    while (r.remaining > 0) r.viewV()
  })
}

function readSource(reader: TlsReader): LeafNodeSource {
  switch (reader.u8()) {
    case 1:
      return {
        kind: "key_package",
        lifetime: { notBefore: reader.u64(), notAfter: reader.u64() },
      }
    case 2:
      return { kind: "update" }
    case 3:
      return { kind: "commit", parentHash: reader.viewV(255) }
    default:
      return refuse("malformed")
  }
}

/** Reads one LeafNode; its byte strings are windows on the reader's input. */
export function readLeafNode(reader: TlsReader): LeafNode {
  const start = reader.position
  const encryptionKey = reader.viewV()
  const signatureKey = reader.viewV()
  const credential = readCredential(reader)
  const capabilities = {
    versions: ids(reader),
    cipherSuites: ids(reader),
    extensions: ids(reader),
    proposals: ids(reader),
    credentials: ids(reader),
  }
  const source = readSource(reader)
  const extensions = readExtensions(reader)
  const signedLength = reader.position - start
  const signature = reader.viewV()
  const bytes = reader.viewSince(start)
  return {
    encryptionKey,
    signatureKey,
    credential,
    capabilities,
    source,
    extensions,
    signature,
    bytes,
    signedLength,
  }
}

/**
 * Decodes one LeafNode from a copy of `bytes`.
 *
 * @throws DecodeError or MlsError `malformed`.
 */
export function decodeLeafNode(bytes: Uint8Array): LeafNode {
  return decodeTls(bytes.slice(), readLeafNode)
}

/** Encodes everything of a leaf that its signature covers, without the group's position. */
export function encodeUnsignedLeafNode(leaf: UnsignedLeafNode): Uint8Array {
  const w = new TlsWriter(512)
  w.opaqueV(leaf.encryptionKey).opaqueV(leaf.signatureKey)
  w.u16(leaf.credential.type).opaqueV(leaf.credential.content)
  const { versions, cipherSuites, extensions, proposals, credentials } = leaf.capabilities
  for (const list of [versions, cipherSuites, extensions, proposals, credentials]) {
    w.vector(list, (w, id) => w.u16(id))
  }
  switch (leaf.source.kind) {
    case "key_package":
      w.u8(1).u64(leaf.source.lifetime.notBefore).u64(leaf.source.lifetime.notAfter)
      break
    case "update":
      w.u8(2)
      break
    case "commit":
      w.u8(3).opaqueV(leaf.source.parentHash)
  }
  writeExtensions(w, leaf.extensions)
  return w.finish()
}

/** The identity of a basic credential; `undefined` for every other type. */
export function basicIdentity(credential: Credential): Uint8Array | undefined {
  return credential.type === CredentialType.basic ? credential.content : undefined
}

/** The bytes that a leaf's signature covers: a leaf in a group is bound to group and position. */
export function leafNodeTbs(
  unsigned: Uint8Array,
  source: LeafNodeSource,
  groupId: Uint8Array,
  leafIndex: number,
): Uint8Array {
  if (source.kind === "key_package") return unsigned
  return new TlsWriter(unsigned.length + groupId.length + 8)
    .opaque(unsigned).opaqueV(groupId).u32(leafIndex).finish()
}
