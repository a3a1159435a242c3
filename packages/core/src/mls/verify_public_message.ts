/**
 * Authenticating a PublicMessage (RFC 9420 sections 6.1 and 6.2).
 *
 * @module
 */
import { equalBytes } from "../crypto/secret.ts"
import { framedContentTbs } from "./framed_content.ts"
import { type MlsGroup, stateOf } from "./group.ts"
import type { GroupState } from "./group_state.ts"
import { verifyWithLabel } from "./labeled.ts"
import { verificationKey } from "./leaf_validation.ts"
import { MlsError, refuse } from "./mls_error.ts"
import { decodeMlsMessage } from "./mls_message.ts"
import { membershipTag, type PublicMessage } from "./public_message.ts"
import { WireFormat } from "./registry.ts"
import { checkAddress, type VerifiedContent } from "./verified_content.ts"

/** Checks address, sender, membership tag and signature of a PublicMessage. */
export function verifyPublicMessage(
  state: GroupState,
  { content, auth, membershipTag: tag }: PublicMessage,
  message: Uint8Array,
): VerifiedContent {
  const { crypto } = state
  checkAddress(state, content)
  if (content.sender.kind !== "member" || tag === undefined) refuse("unknown-sender")
  const sender = content.sender.leafIndex
  const leaf = state.tree.leaves[sender] ?? refuse("unknown-sender")
  if (sender === state.ownLeaf && content.content.kind === "commit") refuse("own-message")
  const tbs = framedContentTbs(WireFormat.publicMessage, content.bytes, state.contextBytes)
  const expected = membershipTag(crypto, state.secrets.membership.bytes, tbs, auth)
  if (!equalBytes(expected, tag)) refuse("bad-membership-tag")
  const key = verificationKey(crypto, leaf)
  if (!verifyWithLabel(crypto, key, "FramedContentTBS", tbs, auth.signature)) {
    refuse("bad-signature")
  }
  return { content, auth, wireFormat: WireFormat.publicMessage, sender, message }
}

/**
 * True when a PublicMessage of this group and epoch carries the right membership tag for this very
 * state. Signature and content are not checked. False for everything else.
 */
export function hasMembershipTag(group: MlsGroup, bytes: Uint8Array): boolean {
  const { crypto, context, contextBytes, secrets } = stateOf(group)
  try {
    const decoded = decodeMlsMessage(bytes)
    if (decoded.wireFormat !== "publicMessage") return false
    const { content, auth, membershipTag: tag } = decoded.message
    if (tag === undefined || content.epoch !== context.epoch) return false
    if (!equalBytes(content.groupId, context.groupId)) return false
    const tbs = framedContentTbs(WireFormat.publicMessage, content.bytes, contextBytes)
    return equalBytes(membershipTag(crypto, secrets.membership.bytes, tbs, auth), tag)
  } catch (error) {
    if (error instanceof MlsError) return false
    throw error
  }
}
