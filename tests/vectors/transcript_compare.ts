/**
 * Whether an observer stands where the record says, and saw what the record says.
 *
 * @module
 */
import { encodeHex, encodeUtf8 } from "@mdk/core/codec"
import { tipOf } from "../../packages/core/src/group/mod.ts"
import { canonical } from "./record_shape.ts"
import type { Observer, Seen } from "./transcript_observer.ts"
import { conformanceCommitment } from "./transcript_record.ts"
import type { RecordedEvent, RecordedMember, RecordedState } from "./transcript_schema.ts"

/** The first difference, or nothing. Names what differs, never a value. */
export function differenceOf(
  observer: Observer,
  seen: Seen,
  member: RecordedMember,
  states: Readonly<Record<string, RecordedState>>,
): string | undefined {
  const { group } = observer
  if (group === undefined) return "has not joined"
  const disbanded = group.status === "disbanded"
  const expected = member.removed ? "removed" : "active"
  // At a disband MDK's receivers are recorded as removed; the text of the protocol says Disbanded.
  if (!disbanded && group.status !== expected) return `status ${group.status}, not ${expected}`
  const standing = member.state === null
    ? lastViewDifference(observer, member)
    : stateDifference(observer, member, states[member.state])
  return standing ?? seenDifference(seen, member.events, disbanded)
}

/**
 * The recorded GroupContext of a removal is no state of the group: that engine leaves the transcript of
 * the commit out of it, and the other members' differs. So only epoch and tree are compared.
 */
const lastViewDifference = (
  { lastView }: Observer,
  { evicted_view: recorded }: RecordedMember,
): string | undefined => {
  if (recorded === undefined) return undefined
  if (lastView === undefined) return "no view of the removal"
  if (lastView.epoch !== BigInt(recorded.epoch)) return "epoch of the removal"
  return lastView.treeHash === recorded.tree_hash ? undefined : "tree hash of the removal"
}

const stateDifference = (
  { group }: Observer,
  member: RecordedMember,
  state: RecordedState | undefined,
): string | undefined => {
  const tip = group === undefined ? undefined : tipOf(group)
  if (tip === undefined || state === undefined) return "no state"
  const { mls, view } = tip
  const exported = (context: string) => encodeHex(mls.exporter("marmot", encodeUtf8(context), 32))
  const commitment = () =>
    conformanceCommitment(mls.exporter("marmot", encodeUtf8("convergence-conformance-v1"), 32))
  const components = Object.fromEntries(
    [...view.components].map(([id, bytes]) =>
      [`0x${id.toString(16).padStart(4, "0")}`, encodeHex(bytes)] as const
    ),
  )
  const checks: ReadonlyArray<readonly [string, unknown, unknown]> = [
    ["epoch", mls.epoch, BigInt(state.epoch)],
    ["own leaf", mls.ownLeaf, member.own_leaf_index],
    ["epoch authenticator", encodeHex(mls.epochAuthenticator), state.epoch_authenticator],
    ["GroupContext", encodeHex(mls.contextBytes), state.group_context],
    ["tree hash", encodeHex(mls.treeHash), state.tree_hash],
    ["ratchet tree", encodeHex(mls.ratchetTreeBytes), state.ratchet_tree],
    ["exporter group-event", exported("group-event"), state.exporter_group_event],
    ["outer key", encodeHex(tip.outerKey.bytes), state.exporter_group_event],
    ["exporter encrypted-media", exported("encrypted-media"), state.exporter_encrypted_media],
    [
      "exporter agent-text-stream",
      exported("agent-text-stream-quic"),
      state.exporter_agent_text_stream,
    ],
    ["conformance commitment", commitment(), state.conformance_commitment],
    ["components", canonical(components), canonical(state.components)],
  ]
  return checks.find(([, actual, recorded]) => actual !== recorded)?.[0]
}

const seenDifference = (
  seen: Seen,
  events: ReadonlyArray<RecordedEvent>,
  disbanded: boolean,
): string | undefined => {
  const messages = seen.messages.map((read) =>
    canonical({
      app_event: read.event,
      epoch: read.epoch,
      message_id: read.digest,
      sender: read.event.pubkey,
      expires_at: read.expiresAt ?? null,
    })
  )
  const recordedMessages = of(events, "message_received").map((event) =>
    canonical({
      app_event: event.app_event,
      epoch: event.epoch,
      message_id: event.message_id,
      sender: event.sender,
      expires_at: event.retention?.expires_at ?? null,
    })
  )
  if (!same(messages, recordedMessages)) return "application events"
  if (!same(seen.joinedFrom, of(events, "group_joined").map((event) => event.welcomer))) {
    return "who invited"
  }
  const epochs = seen.moves.map(({ epoch }) => canonical([epoch - 1n, epoch]))
  const recordedEpochs = of(events, "epoch_changed").map(({ from, to }) => canonical([from, to]))
  if (!same(epochs, recordedEpochs)) return "epochs"
  if (disbanded) return undefined
  const rows = seen.moves.flatMap((move) =>
    move.changes.map(({ type, data: { actor, ...data } }) =>
      canonical({
        // MDK's receivers call a departure a removal; ours say who left.
        change: type === "member_left" ? "member_removed" : type,
        actor: actor ?? null,
        data,
        epoch: move.epoch,
      })
    )
  )
  const recordedRows = of(events, "state_changed").map((event) =>
    canonical({
      change: event.change,
      actor: event.actor ?? null,
      data: event.data ?? {},
      epoch: event.epoch,
    })
  )
  return same(rows, recordedRows) ? undefined : "system rows"
}

const of = (events: ReadonlyArray<RecordedEvent>, type: string) =>
  events.filter((event) => event.type === type)

const same = (a: ReadonlyArray<unknown>, b: ReadonlyArray<unknown>): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index])
