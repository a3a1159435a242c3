/**
 * What a message says about itself before any key is used, and its digest.
 *
 * @module
 */
import { TlsReader } from "../codec/tls.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import { decodeBoundary } from "./decode_boundary.ts"
import { refuse } from "./mls_error.ts"
import { ContentType, MLS_VERSION, WireFormat } from "./registry.ts"

/** Content of a framed message. */
export type ContentKind = "application" | "proposal" | "commit"

/** The readable head of an MLSMessage. Nothing in it is authenticated yet. */
export type MessageHead =
  | {
    readonly wireFormat: "publicMessage"
    readonly groupId: Uint8Array
    readonly epoch: bigint
    readonly content: ContentKind
    /** Leaf of a member sender; `undefined` for every other sender type. */
    readonly sender: number | undefined
  }
  | {
    readonly wireFormat: "privateMessage"
    readonly groupId: Uint8Array
    readonly epoch: bigint
    readonly content: ContentKind
  }
  | { readonly wireFormat: "welcome" | "groupInfo" | "keyPackage" }

const contentKind = (value: number): ContentKind =>
  value === ContentType.application
    ? "application"
    : value === ContentType.proposal
    ? "proposal"
    : value === ContentType.commit
    ? "commit"
    : refuse("malformed")

/**
 * Reads the head of an MLSMessage without keys; its cost does not depend on the message's length.
 * The rest may still be malformed.
 *
 * @throws MlsError `malformed` or `unsupported`.
 */
export function peek(bytes: Uint8Array): MessageHead {
  return decodeBoundary(() => {
    const r = new TlsReader(bytes)
    if (r.u16() !== MLS_VERSION) refuse("unsupported")
    const format = r.u16()
    switch (format) {
      case WireFormat.publicMessage: {
        const groupId = r.opaqueV()
        const epoch = r.u64()
        const type = r.u8()
        if (type < 1 || type > 4) refuse("malformed")
        const sender = type <= 2 ? r.u32() : undefined
        r.viewV()
        const content = contentKind(r.u8())
        return {
          wireFormat: "publicMessage",
          groupId,
          epoch,
          content,
          sender: type === 1 ? sender : undefined,
        }
      }
      case WireFormat.privateMessage:
        return {
          wireFormat: "privateMessage",
          groupId: r.opaqueV(),
          epoch: r.u64(),
          content: contentKind(r.u8()),
        }
      case WireFormat.welcome:
        return { wireFormat: "welcome" }
      case WireFormat.groupInfo:
        return { wireFormat: "groupInfo" }
      case WireFormat.keyPackage:
        return { wireFormat: "keyPackage" }
      default:
        return refuse("unsupported")
    }
  })
}

/** SHA-256 of a complete MLSMessage: message id, commit digest, tip digest. 32 bytes. */
export function messageDigest(crypto: CryptoProvider, message: Uint8Array): Uint8Array {
  return crypto.sha256(message)
}
