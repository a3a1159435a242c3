/**
 * Framed content and what authenticates it (RFC 9420 sections 6 and 12.4).
 *
 * @module
 */
import { type TlsReader, TlsWriter } from "../codec/tls.ts"
import type { ContentKind } from "./peek.ts"
import { refuse } from "./mls_error.ts"
import { type Proposal, readProposal, writeProposal } from "./proposal.ts"
import { ContentType, MLS_VERSION, WireFormat } from "./registry.ts"
import { readUpdatePath, type UpdatePath, writeUpdatePath } from "./update_path.ts"

/** Who sent a message. Only members are served. */
export type Sender =
  | { readonly kind: "member"; readonly leafIndex: number }
  | { readonly kind: "external"; readonly senderIndex: number }
  | { readonly kind: "newMemberProposal" }
  | { readonly kind: "newMemberCommit" }

/** A proposal in a commit: itself, or a reference to a message sent before. */
export type ProposalOrRef =
  | { readonly kind: "proposal"; readonly proposal: Proposal }
  | { readonly kind: "reference"; readonly ref: Uint8Array }

/** `Commit`. */
export interface CommitContent {
  /** Proposals in their order. */
  readonly proposals: ReadonlyArray<ProposalOrRef>
  /** New keys, if any. */
  readonly path: UpdatePath | undefined
}

/** What a message carries. */
export type MessageContent =
  | { readonly kind: "application"; readonly data: Uint8Array }
  | { readonly kind: "proposal"; readonly proposal: Proposal }
  | { readonly kind: "commit"; readonly commit: CommitContent }

/** `FramedContent` with its exact encoding. */
export interface FramedContent {
  /** MLS group id. */
  readonly groupId: Uint8Array
  /** Epoch in which it was made. */
  readonly epoch: bigint
  /** Who sent it. */
  readonly sender: Sender
  /** `authenticated_data`. */
  readonly authenticatedData: Uint8Array
  /** What it carries. */
  readonly content: MessageContent
  /** The encoding. */
  readonly bytes: Uint8Array
}

/** `FramedContentAuthData`. */
export interface FramedAuth {
  /** Signature over the TBS structure. */
  readonly signature: Uint8Array
  /** Only and always in a commit. */
  readonly confirmationTag: Uint8Array | undefined
}

const maxProposals = 65_536

/** Wire value of a kind of content. */
export function contentTypeOf(kind: ContentKind): number {
  return ContentType[kind]
}

/** Reads a `Sender`. */
export function readSender(reader: TlsReader): Sender {
  switch (reader.u8()) {
    case 1:
      return { kind: "member", leafIndex: reader.u32() }
    case 2:
      return { kind: "external", senderIndex: reader.u32() }
    case 3:
      return { kind: "newMemberProposal" }
    case 4:
      return { kind: "newMemberCommit" }
    default:
      return refuse("malformed")
  }
}

/** Writes a `Sender`. */
export function writeSender(writer: TlsWriter, sender: Sender): void {
  switch (sender.kind) {
    case "member":
      writer.u8(1).u32(sender.leafIndex)
      break
    case "external":
      writer.u8(2).u32(sender.senderIndex)
      break
    case "newMemberProposal":
      writer.u8(3)
      break
    case "newMemberCommit":
      writer.u8(4)
  }
}

function readProposalOrRef(reader: TlsReader): ProposalOrRef {
  switch (reader.u8()) {
    case 1:
      return { kind: "proposal", proposal: readProposal(reader) }
    case 2:
      return { kind: "reference", ref: reader.viewV(255) }
    default:
      return refuse("malformed")
  }
}

/** Reads a `Commit`. */
export function readCommit(reader: TlsReader): CommitContent {
  return {
    proposals: reader.vector(readProposalOrRef, maxProposals),
    path: reader.optional(readUpdatePath),
  }
}

/** Writes a `Commit`. */
export function writeCommit(writer: TlsWriter, commit: CommitContent): void {
  writer.vector(commit.proposals, (w, p) => {
    if (p.kind === "proposal") writeProposal(w.u8(1), p.proposal)
    else w.u8(2).opaqueV(p.ref)
  })
  writer.optional(commit.path, writeUpdatePath)
}

/** Reads the content that belongs to a content type. */
export function readContent(reader: TlsReader, type: number): MessageContent {
  switch (type) {
    case ContentType.application:
      return { kind: "application", data: reader.viewV() }
    case ContentType.proposal:
      return { kind: "proposal", proposal: readProposal(reader) }
    case ContentType.commit:
      return { kind: "commit", commit: readCommit(reader) }
    default:
      return refuse("malformed")
  }
}

/** Writes content without its type. */
export function writeContent(writer: TlsWriter, content: MessageContent): void {
  if (content.kind === "application") writer.opaqueV(content.data)
  else if (content.kind === "proposal") writeProposal(writer, content.proposal)
  else writeCommit(writer, content.commit)
}

/** Reads a `FramedContent`. */
export function readFramedContent(reader: TlsReader): FramedContent {
  const start = reader.position
  const groupId = reader.viewV()
  const epoch = reader.u64()
  const sender = readSender(reader)
  const authenticatedData = reader.viewV()
  const content = readContent(reader, reader.u8())
  const bytes = reader.viewSince(start)
  return { groupId, epoch, sender, authenticatedData, content, bytes }
}

/** Puts a `FramedContent` of a member together. */
export function makeFramedContent(
  groupId: Uint8Array,
  epoch: bigint,
  leafIndex: number,
  authenticatedData: Uint8Array,
  content: MessageContent,
): FramedContent {
  const sender: Sender = { kind: "member", leafIndex }
  const w = new TlsWriter(512).opaqueV(groupId).u64(epoch)
  writeSender(w, sender)
  w.opaqueV(authenticatedData).u8(contentTypeOf(content.kind))
  writeContent(w, content)
  return { groupId, epoch, sender, authenticatedData, content, bytes: w.finish() }
}

/** Reads the `FramedContentAuthData` that belongs to this kind of content. */
export function readFramedAuth(reader: TlsReader, kind: ContentKind): FramedAuth {
  const signature = reader.viewV()
  return { signature, confirmationTag: kind === "commit" ? reader.viewV(255) : undefined }
}

/** Writes a `FramedContentAuthData`. */
export function writeFramedAuth(writer: TlsWriter, auth: FramedAuth): void {
  writer.opaqueV(auth.signature)
  if (auth.confirmationTag !== undefined) writer.opaqueV(auth.confirmationTag)
}

/** `FramedContentTBS` of a member: content bound to wire format and GroupContext. */
export function framedContentTbs(
  wireFormat: number,
  content: Uint8Array,
  contextBytes: Uint8Array,
): Uint8Array {
  return new TlsWriter(content.length + contextBytes.length + 4)
    .u16(MLS_VERSION).u16(wireFormat).opaque(content).opaque(contextBytes).view()
}

/** What the signature of a member's content covers, in parts that need no copy before. */
export interface MemberContent {
  /** MLS group id. */
  readonly groupId: Uint8Array
  /** Epoch. */
  readonly epoch: bigint
  /** Sender's leaf. */
  readonly leafIndex: number
  /** `authenticated_data`. */
  readonly authenticatedData: Uint8Array
  /** What it carries. */
  readonly content: MessageContent
}

/** {@link framedContentTbs} of a PrivateMessage's content, written in one pass. */
export function writePrivateTbs(
  writer: TlsWriter,
  message: MemberContent,
  contextBytes: Uint8Array,
): void {
  writer.u16(MLS_VERSION).u16(WireFormat.privateMessage)
  writer.opaqueV(message.groupId).u64(message.epoch).u8(1).u32(message.leafIndex)
  writer.opaqueV(message.authenticatedData).u8(contentTypeOf(message.content.kind))
  writeContent(writer, message.content)
  writer.opaque(contextBytes)
}

/** `AuthenticatedContent`: what a `ProposalRef` is the hash of. */
export function authenticatedContentBytes(
  wireFormat: number,
  content: Uint8Array,
  auth: FramedAuth,
): Uint8Array {
  const w = new TlsWriter(content.length + 160).u16(wireFormat).opaque(content)
  writeFramedAuth(w, auth)
  return w.finish()
}
