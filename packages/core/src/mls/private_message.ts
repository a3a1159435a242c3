/**
 * PrivateMessage (RFC 9420 section 6.3): framing and the two layers of encryption.
 *
 * @module
 */
import { type TlsReader, TlsWriter } from "../codec/tls.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import {
  contentTypeOf,
  type FramedAuth,
  type MessageContent,
  readContent,
  readFramedAuth,
  writeContent,
  writeFramedAuth,
} from "./framed_content.ts"
import { refuse } from "./mls_error.ts"
import type { ContentKind } from "./peek.ts"
import { ContentType, MLS_VERSION, WireFormat } from "./registry.ts"
import { senderDataKey } from "./secret_tree.ts"
import type { MessageKey } from "./sender_ratchet.ts"

/** A decoded PrivateMessage. */
export interface PrivateMessage {
  /** MLS group id. */
  readonly groupId: Uint8Array
  /** Epoch. */
  readonly epoch: bigint
  /** Kind of the hidden content. */
  readonly contentKind: ContentKind
  /** `authenticated_data`. */
  readonly authenticatedData: Uint8Array
  /** Sender, generation and reuse guard, encrypted. */
  readonly encryptedSenderData: Uint8Array
  /** Content, encrypted. */
  readonly ciphertext: Uint8Array
}

/** Who sent a PrivateMessage, and which key opens it. */
export interface SenderData {
  /** Sender's leaf. */
  readonly leafIndex: number
  /** Generation in the sender's ratchet. */
  readonly generation: number
  /** Mixed into the nonce, 4 bytes. */
  readonly reuseGuard: Uint8Array
}

/** Content and authentication data inside of a PrivateMessage. */
export interface PrivateContent {
  /** What it carries. */
  readonly content: MessageContent
  /** Signature and, for a commit, confirmation tag. */
  readonly auth: FramedAuth
}

const kinds: ReadonlyArray<ContentKind> = ["application", "proposal", "commit"]

/** Reads a `PrivateMessage`. */
export function readPrivateMessage(reader: TlsReader): PrivateMessage {
  return {
    groupId: reader.viewV(),
    epoch: reader.u64(),
    contentKind: kinds[reader.u8() - 1] ?? refuse("malformed"),
    authenticatedData: reader.viewV(),
    encryptedSenderData: reader.viewV(255),
    ciphertext: reader.viewV(),
  }
}

/** Writes a `PrivateMessage`. */
export function writePrivateMessage(writer: TlsWriter, m: PrivateMessage): void {
  writer.opaqueV(m.groupId).u64(m.epoch).u8(contentTypeOf(m.contentKind))
  writer.opaqueV(m.authenticatedData).opaqueV(m.encryptedSenderData).opaqueV(m.ciphertext)
}

type Head = Pick<PrivateMessage, "groupId" | "epoch" | "contentKind" | "authenticatedData">

/** `SenderDataAAD` is the beginning of `PrivateContentAAD`. */
interface AdditionalData {
  readonly senderData: Uint8Array
  readonly content: Uint8Array
}

function additionalData(head: Head): AdditionalData {
  const w = new TlsWriter(head.groupId.length + head.authenticatedData.length + 20)
    .opaqueV(head.groupId).u64(head.epoch).u8(contentTypeOf(head.contentKind))
  const { length } = w
  const content = w.opaqueV(head.authenticatedData).view()
  return { senderData: content.subarray(0, length), content }
}

function guardedNonce(key: MessageKey, reuseGuard: Uint8Array): Uint8Array {
  const nonce = key.nonce.slice()
  for (let i = 0; i < 4; i++) nonce[i] = (nonce[i] as number) ^ (reuseGuard[i] as number)
  return nonce
}

/** Opens the sender data; `undefined` when it does not open. */
export function openSenderData(
  crypto: CryptoProvider,
  senderDataSecret: Uint8Array,
  message: PrivateMessage,
): SenderData | undefined {
  const { key, nonce } = senderDataKey(crypto, senderDataSecret, message.ciphertext)
  const aad = additionalData(message).senderData
  const plain = crypto.aes128GcmOpen(key, nonce, message.encryptedSenderData, aad)
  key.fill(0)
  if (plain === undefined || plain.length !== 12) return undefined
  const view = new DataView(plain.buffer, plain.byteOffset, 12)
  return {
    leafIndex: view.getUint32(0),
    generation: view.getUint32(4),
    reuseGuard: plain.subarray(8),
  }
}

/** Opens the content; `undefined` when it does not open. The plaintext belongs to the caller. */
export function openContent(
  crypto: CryptoProvider,
  key: MessageKey,
  reuseGuard: Uint8Array,
  message: PrivateMessage,
): Uint8Array | undefined {
  const nonce = guardedNonce(key, reuseGuard)
  return crypto.aes128GcmOpen(key.key, nonce, message.ciphertext, additionalData(message).content)
}

/** Reads a `PrivateMessageContent`; padding must be zero. */
export function readPrivateContent(reader: TlsReader, kind: ContentKind): PrivateContent {
  const content = readContent(reader, ContentType[kind])
  const auth = readFramedAuth(reader, kind)
  let padding = 0
  for (const byte of reader.view(reader.remaining)) padding |= byte
  if (padding !== 0) refuse("malformed")
  return { content, auth }
}

/** What {@link sealPrivateMessage} encrypts, and with what. */
export interface SealPrivateInput {
  /** Head in the clear. */
  readonly head: Head
  /** What it carries. */
  readonly content: MessageContent
  /** Signature and, for a commit, confirmation tag. */
  readonly auth: FramedAuth
  /** Padded to a multiple of this; 0: not at all. */
  readonly padding: number
  /** Our leaf. */
  readonly leafIndex: number
  /** Key of our next generation. */
  readonly key: MessageKey
  /** Four fresh random bytes. */
  readonly reuseGuard: Uint8Array
  /** `sender_data_secret`. */
  readonly senderDataSecret: Uint8Array
}

/** Encrypts content as a complete MLSMessage. */
export function sealPrivateMessage(crypto: CryptoProvider, input: SealPrivateInput): Uint8Array {
  const { head, key, reuseGuard } = input
  const dataLength = input.content.kind === "application" ? input.content.data.length : 512
  const w = new TlsWriter(dataLength + 128 + input.padding)
  writeContent(w, input.content)
  writeFramedAuth(w, input.auth)
  if (input.padding > 0) {
    w.opaque(new Uint8Array((input.padding - w.length % input.padding) % input.padding))
  }
  const nonce = guardedNonce(key, reuseGuard)
  const aad = additionalData(head)
  const ciphertext = crypto.aes128GcmSeal(key.key, nonce, w.view(), aad.content)
  w.wipe()
  const senderData = new TlsWriter(12).u32(input.leafIndex).u32(key.generation).opaque(reuseGuard)
  const sender = senderDataKey(crypto, input.senderDataSecret, ciphertext)
  const encryptedSenderData = crypto.aes128GcmSeal(
    sender.key,
    sender.nonce,
    senderData.view(),
    aad.senderData,
  )
  sender.key.fill(0)
  const out = new TlsWriter(
    ciphertext.length + encryptedSenderData.length + head.groupId.length +
      head.authenticatedData.length + 32,
  )
  out.u16(MLS_VERSION).u16(WireFormat.privateMessage)
  writePrivateMessage(out, { ...head, encryptedSenderData, ciphertext })
  return out.finish()
}
