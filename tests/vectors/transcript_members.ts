/**
 * What a recorded step says about its members, against states, messages and accounts.
 *
 * @module
 */
import { canonical } from "./record_shape.ts"
import { sourceState } from "./transcript_record.ts"
import type {
  RecordedEvent,
  RecordedMember,
  RecordedPublish,
  RecordedStep,
  Transcript,
} from "./transcript_schema.ts"

/** The first contradiction in a step, or nothing. */
export function stepRecordDifference(
  transcript: Transcript,
  step: RecordedStep,
  index: number,
  published: ReadonlyMap<string, RecordedPublish>,
): string | undefined {
  if (step.index !== index) return "number of the step"
  const names = new Set(transcript.accounts.map(({ name }) => name))
  for (const { op, to, who, event } of step.actions) {
    const named = op === "deliver" ? to : op === "note" ? undefined : who
    if (op !== "note" && (named === undefined || !names.has(named))) return `${op}: to nobody`
    const needsEvent = op === "deliver" || op === "confirm_own_commit"
    if (needsEvent && (event === undefined || !published.has(event))) {
      return `${op}: an event that nobody published`
    }
  }
  for (const [name, member] of Object.entries(step.members)) {
    if (!names.has(name)) return "a member that is no account"
    const difference = memberDifference(transcript, name, member, published)
    if (difference !== undefined) return `${name}: ${difference}`
  }
  return agreementDifference(transcript, step, index)
}

/**
 * While all agree, live members are those in the tree of their state. Whoever was invited or removed may
 * be in the tree without being live; whoever was recorded once stays in the record.
 */
function agreementDifference(
  transcript: Transcript,
  step: RecordedStep,
  index: number,
): string | undefined {
  const live = Object.entries(step.members).filter(([, { state }]) => state !== null)
  const states = new Set(live.map(([, { state }]) => state))
  if ((states.size <= 1) !== step.all_live_members_agree) return "whether all members agree"
  const before = transcript.steps[index - 1]?.members ?? {}
  if (Object.keys(before).some((name) => !(name in step.members))) return "a member is lost"
  const [only] = states
  if (states.size !== 1 || only === null || only === undefined) return undefined
  const inTree = new Set(transcript.states[only]?.members.map(({ account }) => account))
  const strangers = live.filter(([name]) => {
    const account = transcript.accounts.find((one) => one.name === name)?.nostr_public_key
    return account === undefined || !inTree.has(account)
  })
  return strangers.length === 0 ? undefined : "members of the state"
}

function memberDifference(
  transcript: Transcript,
  name: string,
  member: RecordedMember,
  published: ReadonlyMap<string, RecordedPublish>,
): string | undefined {
  if (member.active !== undefined && member.active === member.removed) return "active and removed"
  if (member.state === null) {
    if (!member.removed && member.lifecycle !== "Disbanded") return "a member without a state"
    const view = member.evicted_view
    if (member.removed && view === undefined) return "no view of the removal"
    const states = Object.values(transcript.states).filter(({ epoch }) => epoch === view?.epoch)
    if (states.length > 0 && !states.some((state) => state.tree_hash === view?.tree_hash)) {
      return "tree hash of the removal"
    }
  } else {
    const state = transcript.states[member.state]
    if (state === undefined) return "a state that is not there"
    if (member.removed || member.lifecycle !== "Stable") return "lifecycle of a live member"
    if (member.epoch !== undefined && member.epoch !== state.epoch) return "epoch of its state"
    const account = transcript.accounts.find((one) => one.name === name)?.nostr_public_key
    const leaf = state.members.find(({ leaf_index }) => leaf_index === member.own_leaf_index)
    if (leaf?.account !== account) return "own leaf"
  }
  for (const event of member.events) {
    const difference = eventDifference(transcript, event, published)
    if (difference !== undefined) return difference
  }
  return undefined
}

function eventDifference(
  transcript: Transcript,
  event: RecordedEvent,
  published: ReadonlyMap<string, RecordedPublish>,
): string | undefined {
  const { nostr_event_id: id, message_id, origin_commit } = event
  if (id === undefined) return undefined
  const publish = published.get(id)
  if (publish === undefined) return `${event.type}: of an event that nobody published`
  // The recording engine names its own commits by event, those of others by digest.
  const names = [publish.event_id, publish.mls_message_sha256]
  if (typeof origin_commit === "string" && !names.includes(origin_commit)) {
    return `${event.type}: origin`
  }
  if (message_id !== undefined && !names.includes(message_id)) return `${event.type}: message`
  if (event.type === "message_received" && publish.app_event !== undefined) {
    if (canonical(event.app_event) !== canonical(publish.app_event)) return "application event"
    if (event.epoch !== publish.source_epoch) return "epoch of a message"
    const kept = sourceState(publish, transcript.states)?.decoded["retention_seconds"]
    if (kept !== undefined && event.retention?.seconds !== kept) return "retention of a message"
  }
  return undefined
}
