/**
 * Signing and framing proposals and commits of our own.
 *
 * @module
 */
import type { EntropyService } from "../services/entropy.ts"
import {
  type FramedAuth,
  type FramedContent,
  framedContentTbs,
  makeFramedContent,
  type MessageContent,
} from "./framed_content.ts"
import { checkPadding, type FramingOptions } from "./framing_options.ts"
import type { GroupState } from "./group_state.ts"
import { signWithLabel } from "./labeled.ts"
import { encodePublicMessage, membershipTag } from "./public_message.ts"
import { WireFormat } from "./registry.ts"
import { checkSafeAad } from "./safe_aad.ts"
import { sealContent } from "./seal.ts"
import type { SecretTree } from "./secret_tree.ts"

const none = new Uint8Array(0)

/** Signed content that has no frame yet. */
export interface SignedContent {
  /** The content. */
  readonly content: FramedContent
  /** What was signed. */
  readonly tbs: Uint8Array
  /** The signature. */
  readonly signature: Uint8Array
  /** Wire format that the signature covers. */
  readonly wireFormat: number
}

/** Signs content of our own with the key of this state. */
export function signContent(
  state: GroupState,
  content: MessageContent,
  options: FramingOptions,
): SignedContent {
  const { crypto, context, ownLeaf } = state
  const authenticatedData = options.authenticatedData?.slice() ?? none
  checkSafeAad(context, authenticatedData)
  const wireFormat = options.wireFormat === "private"
    ? WireFormat.privateMessage
    : WireFormat.publicMessage
  const framed = makeFramedContent(
    context.groupId,
    context.epoch,
    ownLeaf,
    authenticatedData,
    content,
  )
  const tbs = framedContentTbs(wireFormat, framed.bytes, state.contextBytes)
  const key = state.keys.signature.signingKey(crypto)
  const signature = signWithLabel(crypto, key, "FramedContentTBS", tbs)
  return { content: framed, tbs, signature, wireFormat }
}

/** A framed message. For a PrivateMessage the caller holds the advanced secret tree once. */
export interface FramedMessage {
  /** The MLSMessage. */
  readonly message: Uint8Array
  /** Message keys without the one that was used; `undefined` for a PublicMessage. */
  readonly secretTree: SecretTree | undefined
}

/** Frames signed content. */
export function frameContent(
  state: GroupState,
  signed: SignedContent,
  confirmationTag: Uint8Array | undefined,
  options: FramingOptions & { readonly entropy: EntropyService },
): FramedMessage {
  const auth: FramedAuth = { signature: signed.signature, confirmationTag }
  if (signed.wireFormat === WireFormat.privateMessage) {
    return sealContent(state, signed.content.content, {
      authenticatedData: signed.content.authenticatedData,
      signature: signed.signature,
      confirmationTag,
      padding: checkPadding(options.padding),
      entropy: options.entropy,
    })
  }
  const tag = membershipTag(state.crypto, state.secrets.membership.bytes, signed.tbs, auth)
  return {
    message: encodePublicMessage({ content: signed.content, auth, membershipTag: tag }),
    secretTree: undefined,
  }
}
