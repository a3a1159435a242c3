/**
 * Reading a message of the group.
 *
 * @module
 */
import { makeFramedContent } from "./framed_content.ts"
import { groupOf, type MlsGroup, stateOf } from "./group.ts"
import { type GroupState, successor } from "./group_state.ts"
import { memberOf } from "./member.ts"
import { refuse } from "./mls_error.ts"
import { decodeMlsMessage } from "./mls_message.ts"
import { openPrivateMessage } from "./open_private_message.ts"
import type { MlsPolicy } from "./policy.ts"
import type { PrivateMessage } from "./private_message.ts"
import { processCommit } from "./process_commit.ts"
import { acceptProposal } from "./process_proposal.ts"
import type { Processed } from "./processed.ts"
import { WireFormat } from "./registry.ts"
import type { SecretTree } from "./secret_tree.ts"
import type { VerifiedContent } from "./verified_content.ts"
import { verifyPublicMessage } from "./verify_public_message.ts"

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
    const verified = verifyPublicMessage(state, decoded.message, message)
    return receive(group, state, verified, undefined, policy)
  }
  if (decoded.wireFormat !== "privateMessage") refuse("unsupported")
  if (policy.handshakes === "public" && decoded.message.contentKind !== "application") {
    refuse("policy")
  }
  return readPrivate(group, state, decoded.message, message, policy)
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

function readPrivate(
  group: MlsGroup,
  state: GroupState,
  pm: PrivateMessage,
  message: Uint8Array,
  policy: MlsPolicy,
): Processed {
  const opened = openPrivateMessage(state, pm)
  const { content, auth, sender, generation, missing, secretTree } = opened
  try {
    if (content.kind === "application") {
      return {
        kind: "application",
        group: groupOf(successor(state, { secretTree })),
        sender: memberOf(sender, state.tree.leaves[sender] ?? refuse("unknown-sender")),
        epoch: pm.epoch,
        generation,
        missing,
        plaintext: content.data,
        authenticatedData: pm.authenticatedData,
      }
    }
    const verified: VerifiedContent = {
      content: makeFramedContent(pm.groupId, pm.epoch, sender, pm.authenticatedData, content),
      auth,
      wireFormat: WireFormat.privateMessage,
      sender,
      message,
    }
    return receive(group, state, verified, secretTree, policy)
  } catch (error) {
    secretTree.release()
    throw error
  }
}
