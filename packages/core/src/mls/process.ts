/**
 * Reading a message of the group.
 *
 * @module
 */
import { decodeTls } from "../codec/tls.ts"
import { equalBytes } from "../crypto/secret.ts"
import type { CommitPreview } from "./commit_preview.ts"
import { decodeBoundary } from "./decode_boundary.ts"
import {
  type FramedAuth,
  type FramedContent,
  framedContentTbs,
  makeFramedContent,
  writePrivateTbs,
} from "./framed_content.ts"
import { groupOf, type MlsGroup, stateOf } from "./group.ts"
import { type GroupState, successor } from "./group_state.ts"
import { signContentOf, verifyWithLabel } from "./labeled.ts"
import { verificationKey } from "./leaf_validation.ts"
import { type Member, memberOf } from "./member.ts"
import { MlsError, refuse } from "./mls_error.ts"
import { decodeMlsMessage } from "./mls_message.ts"
import type { PendingProposal } from "./pending_proposal.ts"
import type { MlsPolicy } from "./policy.ts"
import {
  openContent,
  openSenderData,
  type PrivateMessage,
  readPrivateContent,
  type SenderData,
} from "./private_message.ts"
import { processCommit } from "./process_commit.ts"
import { acceptProposal } from "./process_proposal.ts"
import { membershipTag, type PublicMessage } from "./public_message.ts"
import { WireFormat } from "./registry.ts"
import { checkSafeAad } from "./safe_aad.ts"
import { ratchetsOf, type SecretTree, SenderRatchets, withRatchets } from "./secret_tree.ts"
import { stepTo } from "./sender_ratchet.ts"

/** Application data that was read. */
export interface ApplicationReceived {
  /** Discriminant. */
  readonly kind: "application"
  /** The next value, whose ratchet cannot read this message again. */
  readonly group: MlsGroup
  /** The sender, as it is in this state. */
  readonly sender: Member
  /** Epoch of the message, the one of this state. */
  readonly epoch: bigint
  /** Generation of its key in the sender's ratchet. */
  readonly generation: number
  /** The application data. */
  readonly plaintext: Uint8Array
  /** `authenticated_data`. */
  readonly authenticatedData: Uint8Array
}

/** A proposal that is now pending. */
export interface ProposalReceived {
  /** Discriminant. */
  readonly kind: "proposal"
  /** The next value. A proposal that is already pending changes nothing. */
  readonly group: MlsGroup
  /** The sender, as it is in this state. */
  readonly sender: Member
  /** The proposal. */
  readonly proposal: PendingProposal
  /** Whether it was pending before. */
  readonly repeated: boolean
  /** `authenticated_data`. */
  readonly authenticatedData: Uint8Array
}

/** A commit that was checked completely. Nothing is changed until the caller uses `next`. */
export interface CommitReceived {
  /** Discriminant. */
  readonly kind: "commit"
  /** Everything that it does. */
  readonly preview: CommitPreview
  /** The next state; `undefined` when the commit removes us. Unwanted: {@link retire} it. */
  readonly next: MlsGroup | undefined
}

/** What a message of the group turned out to be. */
export type Processed = ApplicationReceived | ProposalReceived | CommitReceived

/** Content whose sender is authenticated. */
export interface VerifiedContent {
  /** What was sent. */
  readonly content: FramedContent
  /** Signature and, for a commit, confirmation tag. */
  readonly auth: FramedAuth
  /** Wire format that it came in. */
  readonly wireFormat: number
  /** The sender's leaf. */
  readonly sender: number
  /** The complete MLSMessage. */
  readonly message: Uint8Array
}

/**
 * Reads one MLSMessage that belongs to this state's epoch: PublicMessage or PrivateMessage.
 *
 * Whether it throws or not, `group` has not changed: the results hold the next value.
 *
 * Our own commits and our own PrivateMessages are refused with `own-message`; our own proposals as
 * PublicMessage are taken like anybody's (an Update then lacks its keys and cannot be committed).
 *
 * @param bytes the complete MLSMessage; copied.
 * @throws MlsError with the reason.
 */
export function processMessage(
  group: MlsGroup,
  bytes: Uint8Array,
  policy: MlsPolicy = {},
): Processed {
  const state = stateOf(group)
  const message = bytes.slice()
  const decoded = decodeMlsMessage(message)
  if (decoded.wireFormat === "publicMessage") {
    if (policy.handshakes === "private") refuse("policy")
    const verified = verifyPublic(state, decoded.message, message)
    return receive(group, state, verified, undefined, policy)
  }
  if (decoded.wireFormat !== "privateMessage") refuse("unsupported")
  if (policy.handshakes === "public" && decoded.message.contentKind !== "application") {
    refuse("policy")
  }
  return openPrivate(group, state, decoded.message, message, policy)
}

function checkAddress(state: GroupState, groupId: Uint8Array, epoch: bigint): void {
  if (!equalBytes(groupId, state.context.groupId)) refuse("wrong-group")
  if (epoch !== state.context.epoch) refuse("wrong-epoch")
}

/** Checks address, sender, membership tag and signature of a PublicMessage. */
function verifyPublic(
  state: GroupState,
  { content, auth, membershipTag: tag }: PublicMessage,
  message: Uint8Array,
): VerifiedContent {
  const { crypto } = state
  checkAddress(state, content.groupId, content.epoch)
  checkSafeAad(state.context, content.authenticatedData)
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

/** Hands verified content on. `secretTree` is the caller's and is taken over by the result. */
function receive(
  group: MlsGroup,
  state: GroupState,
  verified: VerifiedContent,
  secretTree: SecretTree | undefined,
  policy: MlsPolicy,
): Processed {
  const { content } = verified.content
  const sender = memberOf(
    verified.sender,
    state.tree.leaves[verified.sender] ?? refuse("unknown-sender"),
  )
  const { authenticatedData } = verified.content
  switch (content.kind) {
    case "application":
      return refuse("malformed")
    case "proposal": {
      const accepted = acceptProposal(state, verified, content.proposal, policy)
      const next = accepted.proposals === undefined && secretTree === undefined
        ? group
        : groupOf(successor(state, {
          ...(secretTree === undefined ? {} : { secretTree }),
          ...(accepted.proposals === undefined ? {} : { proposals: accepted.proposals }),
        }))
      return {
        kind: "proposal",
        group: next,
        sender,
        proposal: accepted.proposal,
        repeated: accepted.proposals === undefined,
        authenticatedData,
      }
    }
    case "commit": {
      const { preview, next } = processCommit(state, verified, content.commit, policy)
      secretTree?.release()
      return { kind: "commit", preview, next: next === undefined ? undefined : groupOf(next) }
    }
  }
}

function openPrivate(
  group: MlsGroup,
  state: GroupState,
  pm: PrivateMessage,
  message: Uint8Array,
  policy: MlsPolicy,
): Processed {
  const { crypto } = state
  checkAddress(state, pm.groupId, pm.epoch)
  checkSafeAad(state.context, pm.authenticatedData)
  const senderData = openSenderData(crypto, state.secrets.senderData.bytes, pm) ??
    refuse("decryption-failed")
  const { leafIndex } = senderData
  if (leafIndex === state.ownLeaf) refuse("own-message")
  const leaf = state.tree.leaves[leafIndex] ?? refuse("unknown-sender")
  const opened = openWithRatchet(state, pm, senderData)
  try {
    const inner = decodeBoundary(() =>
      decodeTls(opened.plaintext, (r) => readPrivateContent(r, pm.contentKind))
    )
    const capacity = opened.plaintext.length + pm.authenticatedData.length + pm.groupId.length +
      state.contextBytes.length + 48
    const signed = signContentOf("FramedContentTBS", capacity, (w) => {
      const { groupId, epoch, authenticatedData } = pm
      const message = { groupId, epoch, leafIndex, authenticatedData, content: inner.content }
      writePrivateTbs(w, message, state.contextBytes)
    })
    if (!crypto.verify(verificationKey(crypto, leaf), signed, inner.auth.signature)) {
      refuse("bad-signature")
    }
    if (inner.content.kind === "application") {
      return {
        kind: "application",
        group: groupOf(successor(state, { secretTree: opened.secretTree })),
        sender: memberOf(leafIndex, leaf),
        epoch: pm.epoch,
        generation: senderData.generation,
        plaintext: inner.content.data,
        authenticatedData: pm.authenticatedData,
      }
    }
    const content = makeFramedContent(
      pm.groupId,
      pm.epoch,
      leafIndex,
      pm.authenticatedData,
      inner.content,
    )
    const verified: VerifiedContent = {
      content,
      auth: inner.auth,
      wireFormat: WireFormat.privateMessage,
      sender: leafIndex,
      message,
    }
    return receive(group, state, verified, opened.secretTree, policy)
  } catch (error) {
    opened.secretTree.release()
    throw error
  }
}

interface Opened {
  readonly plaintext: Uint8Array
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
      secretTree: withRatchets(crypto, secretTree, sender.leafIndex, next),
    }
  } finally {
    ratchets.release()
  }
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
