/**
 * Sending application data.
 *
 * @module
 */
import type { EntropyService } from "../services/entropy.ts"
import { type MessageContent, writePrivateTbs } from "./framed_content.ts"
import { groupOf, type MlsGroup, stateOf } from "./group.ts"
import { type GroupState, successor } from "./group_state.ts"
import { signContentOf } from "./labeled.ts"
import { sealPrivateMessage } from "./private_message.ts"
import { checkSafeAad } from "./safe_aad.ts"
import { ratchetsOf, type SecretTree, SenderRatchets, withRatchets } from "./secret_tree.ts"
import { stepNext } from "./sender_ratchet.ts"
import { checkPadding } from "./framing_options.ts"

/** What {@link seal} needs besides the plaintext. */
export interface SealOptions {
  /** Source of the reuse guard. */
  readonly entropy: EntropyService
  /** `authenticated_data`; default empty. */
  readonly authenticatedData?: Uint8Array
  /** Padded with zeros to a multiple of this many bytes; default 0: none. */
  readonly padding?: number
}

/** A sealed message. */
export interface Sealed {
  /** The next value. It must be durable before `message` leaves: a key is never used twice. */
  readonly group: MlsGroup
  /** The MLSMessage. */
  readonly message: Uint8Array
  /** Generation of its key in our ratchet. */
  readonly generation: number
}

const none = new Uint8Array(0)

/**
 * Encrypts application data as a PrivateMessage. Allowed with pending proposals.
 *
 * @throws MlsError `invalid-argument` for a padding that is not 0 to 65 536; what SafeAAD breaks, in
 * a group that uses it.
 */
export function seal(group: MlsGroup, plaintext: Uint8Array, options: SealOptions): Sealed {
  const state = stateOf(group)
  const { crypto, context } = state
  const padding = checkPadding(options.padding)
  const authenticatedData = options.authenticatedData ?? none
  checkSafeAad(context, authenticatedData)
  const content: MessageContent = { kind: "application", data: plaintext }
  const capacity = plaintext.length + authenticatedData.length + context.groupId.length +
    state.contextBytes.length + 48
  const signed = signContentOf("FramedContentTBS", capacity, (w) => {
    const { groupId, epoch } = context
    const leafIndex = state.ownLeaf
    const message = { groupId, epoch, leafIndex, authenticatedData, content }
    writePrivateTbs(w, message, state.contextBytes)
  })
  const signature = crypto.sign(state.keys.signature.signingKey(crypto), signed)
  const sealed = sealContent(state, content, {
    authenticatedData,
    signature,
    confirmationTag: undefined,
    padding,
    entropy: options.entropy,
  })
  return {
    group: groupOf(successor(state, { secretTree: sealed.secretTree })),
    message: sealed.message,
    generation: sealed.generation,
  }
}

/** What {@link sealContent} needs besides the content. */
export interface SealContentInput {
  /** `authenticated_data`. */
  readonly authenticatedData: Uint8Array
  /** Signature over the content for wire format `mls_private_message`. */
  readonly signature: Uint8Array
  /** Of a commit. */
  readonly confirmationTag: Uint8Array | undefined
  /** See `SealOptions.padding`. */
  readonly padding: number
  /** Source of the reuse guard. */
  readonly entropy: EntropyService
}

/** A PrivateMessage and the secret tree after it, which the caller holds once. */
export interface SealedContent {
  /** The MLSMessage. */
  readonly message: Uint8Array
  /** Message keys without the one that was used. */
  readonly secretTree: SecretTree
  /** Generation of that key. */
  readonly generation: number
}

/** Encrypts signed content with the next key of our ratchet for its kind. */
export function sealContent(
  state: GroupState,
  content: MessageContent,
  input: SealContentInput,
): SealedContent {
  const { crypto, context, ownLeaf, secretTree } = state
  const ratchets = ratchetsOf(crypto, secretTree, ownLeaf)
  const application = content.kind === "application"
  const step = stepNext(crypto, application ? ratchets.application : ratchets.handshake)
  const next = application
    ? new SenderRatchets(ratchets.handshake.retain(), step.ratchet)
    : new SenderRatchets(step.ratchet, ratchets.application.retain())
  ratchets.release()
  const message = sealPrivateMessage(crypto, {
    head: {
      groupId: context.groupId,
      epoch: context.epoch,
      contentKind: content.kind,
      authenticatedData: input.authenticatedData,
    },
    content,
    auth: { signature: input.signature, confirmationTag: input.confirmationTag },
    padding: input.padding,
    leafIndex: ownLeaf,
    key: step.messageKey,
    reuseGuard: input.entropy.bytes(4),
    senderDataSecret: state.secrets.senderData.bytes,
  })
  const { generation } = step.messageKey
  step.messageKey.release()
  return { message, secretTree: withRatchets(crypto, secretTree, ownLeaf, next), generation }
}
