/**
 * PublicMessage (RFC 9420 section 6.2).
 *
 * @module
 */
import { type TlsReader, TlsWriter } from "../codec/tls.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import {
  type FramedAuth,
  type FramedContent,
  readFramedAuth,
  readFramedContent,
  writeFramedAuth,
} from "./framed_content.ts"
import { MLS_VERSION, WireFormat } from "./registry.ts"

/** A decoded PublicMessage. */
export interface PublicMessage {
  /** What it carries. */
  readonly content: FramedContent
  /** Signature and, for a commit, confirmation tag. */
  readonly auth: FramedAuth
  /** Only and always from a member. */
  readonly membershipTag: Uint8Array | undefined
}

/** Reads a `PublicMessage`. Application data must not come as one; that is the reader's to refuse. */
export function readPublicMessage(reader: TlsReader): PublicMessage {
  const content = readFramedContent(reader)
  const auth = readFramedAuth(reader, content.content.kind)
  const membershipTag = content.sender.kind === "member" ? reader.viewV(255) : undefined
  return { content, auth, membershipTag }
}

/** Writes a `PublicMessage`. */
export function writePublicMessage(writer: TlsWriter, message: PublicMessage): void {
  writer.opaque(message.content.bytes)
  writeFramedAuth(writer, message.auth)
  if (message.membershipTag !== undefined) writer.opaqueV(message.membershipTag)
}

/** Encodes a PublicMessage as a complete MLSMessage. */
export function encodePublicMessage(message: PublicMessage): Uint8Array {
  const w = new TlsWriter(message.content.bytes.length + 256)
  writePublicMessage(w.u16(MLS_VERSION).u16(WireFormat.publicMessage), message)
  return w.finish()
}

/** `membership_tag`: MAC over the TBS structure and the authentication data, 32 bytes. */
export function membershipTag(
  crypto: CryptoProvider,
  membershipKey: Uint8Array,
  tbs: Uint8Array,
  auth: FramedAuth,
): Uint8Array {
  const w = new TlsWriter(tbs.length + 160).opaque(tbs)
  writeFramedAuth(w, auth)
  return crypto.hmacSha256(membershipKey, w.view())
}
