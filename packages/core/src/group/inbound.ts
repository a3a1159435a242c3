/**
 * Reading a message of the group: pure, atomic, and without a word about how it came.
 *
 * @module
 */
import { expiryOf } from "../components/mod.ts"
import { equalBytes } from "../crypto/mod.ts"
import { decodeInnerEvent, InnerEventError } from "../message/mod.ts"
import {
  type ApplicationReceived,
  type CommitReceived,
  MlsError,
  type MlsErrorReason,
  peek,
  processMessage,
  type ProposalReceived,
  retire,
} from "../mls/mod.ts"
import { adopt, end, type Transition } from "./adoption.ts"
import { authorizeCommit } from "./authorization.ts"
import type { GroupProfile } from "./group_profile.ts"
import {
  accountsOf,
  type GroupState,
  retain,
  type RetainedState,
  tipOf,
  withMls,
} from "./group_state.ts"
import { checkInvariants } from "./invariants.ts"
import { accountOf } from "./leaf_check.ts"
import { GroupRefusal } from "./refusal.ts"
import type { DropReason, Received } from "./step.ts"

/** Most proposals of one member that are pending: nobody uses up the places of the others. */
const PROPOSALS_PER_LEAF = 8

const waiting = (why: Extract<Received, { disposition: "waiting" }>["why"]): Received => ({
  disposition: "waiting",
  why,
})
const drop = (why: DropReason): Received => ({ disposition: "dropped", why })

/**
 * Reads one MLSMessage that the outer layer gave.
 *
 * @param bytes the MLSMessage
 * @param digest its SHA-256, hex; the caller made sure that it was not dealt with before
 */
export function receive(
  profile: GroupProfile,
  group: GroupState,
  bytes: Uint8Array,
  digest: string,
): Received {
  const tip = tipOf(group)
  if (tip === undefined) return drop("inactive")
  if (group.pending?.digest === digest) return drop("own")
  try {
    const head = peek(bytes)
    if (!("groupId" in head) || !equalBytes(head.groupId, group.mlsGroupId)) {
      return drop("malformed")
    }
    if (head.epoch > tip.mls.epoch) return waiting("ahead")
    const state = group.states.find(({ mls }) => mls.epoch === head.epoch)
    if (state === undefined) return drop("stale")
    if (head.content !== "application" && state !== tip) {
      return drop(head.content === "commit" ? "rival" : "stale")
    }
    if (head.content === "commit" && group.pending !== undefined) return waiting("own-commit")
    const processed = processMessage(state.mls, bytes, {
      ...profile.policy,
      proposalsPerLeaf: PROPOSALS_PER_LEAF,
    })
    switch (processed.kind) {
      case "application":
        return readApplication(group, state, processed, digest)
      case "proposal":
        return readProposal(group, tip, processed)
      case "commit":
        return readCommit(profile, group, tip, processed, digest)
    }
  } catch (error) {
    if (error instanceof MlsError) return ofMlsError(error.reason)
    // Its author was allowed to, and members that know the component apply it.
    if (error instanceof GroupRefusal && error.reason === "unsupported-component") {
      return waiting("unsupported")
    }
    if (error instanceof GroupRefusal) return drop("refused")
    throw error
  }
}

const ofMlsError = (reason: MlsErrorReason): Received => {
  switch (reason) {
    case "malformed":
    case "unsupported":
    case "wrong-group":
    case "wrong-epoch":
      return drop("malformed")
    case "own-message":
      return drop("own")
    case "generation-used":
      return drop("duplicate")
    case "generation-too-old":
      return drop("stale")
    case "unknown-proposal":
      return waiting("proposal")
    case "generation-too-far":
      return waiting("ahead")
    case "policy":
      return waiting("policy")
    case "invalid-state":
      throw new MlsError({ reason })
    default:
      return drop("unauthentic")
  }
}

const replaced = (
  group: GroupState,
  state: RetainedState,
  mls: RetainedState["mls"],
): GroupState => ({
  ...group,
  states: group.states.map((one) => one === state ? withMls(one, mls) : one),
})

/** The ratchet moves on even when the payload is no inner event: the MLS message stands. */
const readApplication = (
  group: GroupState,
  state: RetainedState,
  received: ApplicationReceived,
  digest: string,
): Received => {
  const next = replaced(group, state, received.group)
  const kept = { disposition: "accepted", group: next, spent: [state.mls], dropped: [] } as const
  const sender = accountOf(received.sender)
  try {
    const event = decodeInnerEvent(received.plaintext, sender)
    const { retention, admins } = state.view
    return {
      ...kept,
      outputs: [{
        tag: "message",
        group: group.id,
        event,
        epoch: received.epoch,
        leaf: received.sender.leafIndex,
        generation: received.generation,
        missing: received.missing,
        digest,
        byAdmin: admins.includes(sender),
        expiresAt: expiryOf(event.created_at, retention),
      }],
    }
  } catch (error) {
    if (error instanceof InnerEventError) return { ...kept, outputs: [] }
    throw error
  }
}

/** Standalone proposals: a departure by a non-admin; others only by an admin (spec 5, 24.7). */
const readProposal = (
  group: GroupState,
  tip: RetainedState,
  received: ProposalReceived,
): Received => {
  if (received.repeated) return drop("duplicate")
  const sender = accountOf(received.sender)
  const isAdmin = tip.view.admins.includes(sender)
  const { type } = received.proposal.proposal
  const departure = type === "selfRemove"
  const allowed = departure
    ? !isAdmin
    : isAdmin && (type === "add" || type === "remove" || type === "groupContextExtensions" ||
      type === "appDataUpdate")
  if (!allowed) {
    retire(received.group)
    return drop("refused")
  }
  return {
    disposition: "accepted",
    group: replaced(group, tip, received.group),
    outputs: departure ? [{ tag: "departure", group: group.id, who: sender }] : [],
    spent: [tip.mls],
    dropped: [],
  }
}

const readCommit = (
  profile: GroupProfile,
  group: GroupState,
  tip: RetainedState,
  { preview, next }: CommitReceived,
  digest: string,
): Received => {
  try {
    const { disbands } = authorizeCommit(profile, preview, tip.view, tip.mls.memberCount)
    const members = preview.members()
    const view = checkInvariants(profile, preview.context, members, tip.view)
    const transition: Transition = {
      digest,
      actor: accountOf(preview.committer),
      leavers: new Set(
        preview.removed.flatMap(({ member, by }) =>
          by === "self_remove" ? [accountOf(member)] : []
        ),
      ),
      epoch: preview.context.epoch,
      view,
      accounts: next === undefined ? new Set(members.map(accountOf)) : accountsOf(next),
    }
    const adopted = disbands
      ? end(group, "disbanded", transition)
      : next === undefined
      ? end(group, "removed", transition)
      : adopt(profile, group, retain(profile, next, view), transition)
    if (disbands && next !== undefined) retire(next)
    return {
      disposition: "accepted",
      group: adopted.group,
      outputs: [adopted.moved],
      spent: [],
      dropped: adopted.dropped,
    }
  } catch (error) {
    if (next !== undefined) retire(next)
    throw error
  }
}
