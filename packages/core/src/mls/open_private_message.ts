/**
 * Opening and authenticating a PrivateMessage (RFC 9420 section 6.3).
 *
 * @module
 */
import { decodeTls } from "../codec/tls.ts"
import { decodeBoundary } from "./decode_boundary.ts"
import { writePrivateTbs } from "./framed_content.ts"
import type { GroupState } from "./group_state.ts"
import { signContentOf } from "./labeled.ts"
import { verificationKey } from "./leaf_validation.ts"
import { refuse } from "./mls_error.ts"
import {
  openContent,
  openSenderData,
  type PrivateContent,
  type PrivateMessage,
  readPrivateContent,
  type SenderData,
} from "./private_message.ts"
import { ratchetsOf, type SecretTree, SenderRatchets, withRatchets } from "./secret_tree.ts"
import { stepTo } from "./sender_ratchet.ts"
import { checkAddress } from "./verified_content.ts"

/** A PrivateMessage that is authentic. */
export interface OpenedPrivateMessage extends PrivateContent {
  /** Sender's leaf. */
  readonly sender: number
  /** Generation of its key in the sender's ratchet. */
  readonly generation: number
  /** How many earlier generations of that ratchet did not arrive and still can. */
  readonly missing: number
  /** The tree without the key that was used; the caller holds it once. */
  readonly secretTree: SecretTree
}

/**
 * Opens a PrivateMessage and checks its signature. The state stays as it is.
 *
 * @throws MlsError with the reason.
 */
export function openPrivateMessage(state: GroupState, pm: PrivateMessage): OpenedPrivateMessage {
  const { crypto } = state
  checkAddress(state, pm)
  const senderData = openSenderData(crypto, state.secrets.senderData.bytes, pm) ??
    refuse("decryption-failed")
  const { leafIndex, generation } = senderData
  if (leafIndex === state.ownLeaf) refuse("own-message")
  const leaf = state.tree.leaves[leafIndex] ?? refuse("unknown-sender")
  const { plaintext, missing, secretTree } = openWithRatchet(state, pm, senderData)
  try {
    const inner = decodeBoundary(() =>
      decodeTls(plaintext, (r) => readPrivateContent(r, pm.contentKind))
    )
    const capacity = plaintext.length + pm.authenticatedData.length + pm.groupId.length +
      state.contextBytes.length + 48
    const signed = signContentOf("FramedContentTBS", capacity, (w) => {
      const { groupId, epoch, authenticatedData } = pm
      const message = { groupId, epoch, leafIndex, authenticatedData, content: inner.content }
      writePrivateTbs(w, message, state.contextBytes)
    })
    if (!crypto.verify(verificationKey(crypto, leaf), signed, inner.auth.signature)) {
      refuse("bad-signature")
    }
    return { ...inner, sender: leafIndex, generation, missing, secretTree }
  } catch (error) {
    secretTree.release()
    throw error
  }
}

interface Opened {
  readonly plaintext: Uint8Array
  /** How many keys are kept for what did not arrive. */
  readonly missing: number
  /** The tree without the key that was used; the caller holds it once. */
  readonly secretTree: SecretTree
}

function openWithRatchet(state: GroupState, pm: PrivateMessage, sender: SenderData): Opened {
  const { crypto, secretTree, limits } = state
  const ratchets = ratchetsOf(crypto, secretTree, sender.leafIndex)
  try {
    const application = pm.contentKind === "application"
    const ratchet = application ? ratchets.application : ratchets.handshake
    const step = stepTo(crypto, ratchet, sender.generation, limits)
    const plaintext = openContent(crypto, step.messageKey, sender.reuseGuard, pm)
    step.messageKey.release()
    if (plaintext === undefined) {
      step.ratchet.release()
      return refuse("decryption-failed")
    }
    const next = application
      ? new SenderRatchets(ratchets.handshake.retain(), step.ratchet)
      : new SenderRatchets(step.ratchet, ratchets.application.retain())
    return {
      plaintext,
      missing: step.ratchet.skipped.length,
      secretTree: withRatchets(crypto, secretTree, sender.leafIndex, next),
    }
  } finally {
    ratchets.release()
  }
}
