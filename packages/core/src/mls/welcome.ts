/**
 * Welcome, GroupSecrets and GroupInfo on the wire (RFC 9420 sections 12.4.3 and 12.4.3.1).
 *
 * @module
 */
import { encodeSecretTls, type TlsReader, TlsWriter } from "../codec/tls.ts"
import { type Extension, readExtensions, writeExtensions } from "./extension.ts"
import { encodeGroupContext, type GroupContext, readGroupContext } from "./group_context.ts"
import { type PreSharedKeyId, readPreSharedKeyId, writePreSharedKeyId } from "./pre_shared_key.ts"
import { type EncryptedSecret, readEncryptedSecret, writeEncryptedSecret } from "./update_path.ts"

/** One joiner's part of a Welcome. */
export interface EncryptedGroupSecrets {
  /** `KeyPackageRef` of the joiner. */
  readonly newMember: Uint8Array
  /** Encrypted to the KeyPackage's init key. */
  readonly secrets: EncryptedSecret
}

/** `Welcome`. */
export interface Welcome {
  /** Ciphersuite. */
  readonly cipherSuite: number
  /** One entry a joiner. */
  readonly secrets: ReadonlyArray<EncryptedGroupSecrets>
  /** GroupInfo, encrypted for all of them. */
  readonly encryptedGroupInfo: Uint8Array
}

/** `GroupSecrets`. */
export interface GroupSecrets {
  /** `joiner_secret`. */
  readonly joinerSecret: Uint8Array
  /** Secret of the lowest common ancestor, when the commit has a path. */
  readonly pathSecret: Uint8Array | undefined
  /** PSKs of the commit. */
  readonly psks: ReadonlyArray<PreSharedKeyId>
}

/** `GroupInfo` with the bytes that its signature covers. */
export interface GroupInfo {
  /** GroupContext. */
  readonly context: GroupContext
  /** Exact encoding of the GroupContext. */
  readonly contextBytes: Uint8Array
  /** Extensions. */
  readonly extensions: ReadonlyArray<Extension>
  /** Tag of the commit that led there. */
  readonly confirmationTag: Uint8Array
  /** Leaf of the signer. */
  readonly signer: number
  /** Signature. */
  readonly signature: Uint8Array
  /** What the signature covers. */
  readonly tbs: Uint8Array
}

/** Reads a `Welcome`. */
export function readWelcome(reader: TlsReader): Welcome {
  return {
    cipherSuite: reader.u16(),
    secrets: reader.vector(
      (r) => ({ newMember: r.viewV(255), secrets: readEncryptedSecret(r) }),
      65_536,
    ),
    encryptedGroupInfo: reader.viewV(),
  }
}

/** Writes a `Welcome`. */
export function writeWelcome(writer: TlsWriter, welcome: Welcome): void {
  writer.u16(welcome.cipherSuite)
  writer.vector(welcome.secrets, (w, s) => writeEncryptedSecret(w.opaqueV(s.newMember), s.secrets))
  writer.opaqueV(welcome.encryptedGroupInfo)
}

/** Reads `GroupSecrets`. */
export function readGroupSecrets(reader: TlsReader): GroupSecrets {
  return {
    joinerSecret: reader.viewV(255),
    pathSecret: reader.optional((r) => r.viewV(255)),
    psks: reader.vector(readPreSharedKeyId, 1024),
  }
}

/** Encodes `GroupSecrets`; the caller zeroes the result. */
export function encodeGroupSecrets(secrets: GroupSecrets): Uint8Array {
  return encodeSecretTls((w) => {
    w.opaqueV(secrets.joinerSecret)
    w.optional(secrets.pathSecret, (w, s) => w.opaqueV(s))
    w.vector(secrets.psks, writePreSharedKeyId)
  })
}

/** Reads a `GroupInfo`. */
export function readGroupInfo(reader: TlsReader): GroupInfo {
  const start = reader.position
  const context = readGroupContext(reader)
  const contextBytes = reader.viewSince(start)
  const extensions = readExtensions(reader)
  const confirmationTag = reader.viewV(255)
  const signer = reader.u32()
  const tbs = reader.viewSince(start)
  const signature = reader.viewV()
  return { context, contextBytes, extensions, confirmationTag, signer, signature, tbs }
}

/** `GroupInfoTBS`. */
export function groupInfoTbs(
  contextBytes: Uint8Array,
  extensions: ReadonlyArray<Extension>,
  confirmationTag: Uint8Array,
  signer: number,
): Uint8Array {
  const w = new TlsWriter(1024).opaque(contextBytes)
  writeExtensions(w, extensions)
  return w.opaqueV(confirmationTag).u32(signer).finish()
}

/** Writes a `GroupInfo`. */
export function writeGroupInfo(writer: TlsWriter, info: GroupInfo): void {
  writer.opaque(encodeGroupContext(info.context))
  writeExtensions(writer, info.extensions)
  writer.opaqueV(info.confirmationTag).u32(info.signer).opaqueV(info.signature)
}
