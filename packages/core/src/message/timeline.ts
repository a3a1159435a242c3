/**
 * The timeline: rows with edits, deletions and reactions resolved. Pure, and independent of the order in
 * which events arrive.
 *
 * @module
 */
import type { PublicKey } from "../identity/mod.ts"
import type { InnerEvent, MessageId } from "./inner_event.ts"
import { type Content, contentOf, fallbackOf } from "./message_body.ts"
import { MessageKind } from "./message_kind.ts"
import { relationOf, replyTarget, targetsOf } from "./relation.ts"

/** An inner event as it stands in a group's history. */
export interface TimelineEvent {
  /** The event. */
  readonly event: InnerEvent
  /** Its place in the order of arrival; never changes, different for every event of a group. */
  readonly position: number
  /**
   * Whether its author may delete what others wrote: an active admin in the epoch that the event was
   * sent in, in a group that is no direct chat.
   */
  readonly moderator: boolean
  /** A system row that this device wrote itself. */
  readonly local?: boolean
  /** When it disappears, Unix seconds; absent: it stays. */
  readonly expiresAt?: bigint
}

/** One emoji under a row, and who put it there. */
export interface ReactionView {
  /** The emoji. */
  readonly emoji: string
  /** Each account once, in order of arrival. */
  readonly by: ReadonlyArray<PublicKey>
}

/** One row of a timeline. */
export interface MessageView {
  /** The id; edits do not change it. */
  readonly id: MessageId
  /** The sender's account, proven by MLS. */
  readonly author: PublicKey
  /** The author's word for when, Unix seconds. */
  readonly claimedAt: bigint
  /** Place in the order of arrival; edits do not change it. */
  readonly position: number
  /** What it says now. */
  readonly content: Content
  /** Always a line that can be shown. */
  readonly fallback: string
  /** When it was last edited, by the author's word, Unix seconds. */
  readonly edited?: bigint
  /** What it answers. */
  readonly replyTo?: MessageId
  /** When it disappears, Unix seconds. */
  readonly expiresAt?: bigint
  /** Reactions, in order of arrival. */
  readonly reactions: ReadonlyArray<ReactionView>
}

/**
 * Projects one row.
 *
 * - Edit: from the row's author only; the one with the highest `created_at` counts, of several the one
 *   with the lowest id. Only chat text can be edited.
 * - Deletion: by the author, or by a moderator. It is final: no edit and no reaction shows any more.
 * - Reaction: each emoji of each account once, unless that account deleted its reaction.
 *
 * @param row an event whose relation is `Row`
 * @param related events that target the row, and events that target those; in any order, others are
 * ignored
 */
export function projectMessage(
  row: TimelineEvent,
  related: Iterable<TimelineEvent>,
): MessageView {
  const { event, position } = row
  const sorted = [...related].sort((a, b) => a.position - b.position)
  const deletions = deletionsOf(sorted)
  const by = deletedBy(row, deletions.get(event.id) ?? [])
  const replyTo = event.kind === MessageKind.chat ? replyTarget(event) : undefined
  const standing = by === undefined
    ? sorted.filter((other) => !isWithdrawn(other, deletions.get(other.event.id) ?? []))
    : []
  const edit = lastEdit(row, standing)
  const content: Content = by === undefined
    ? contentOf(
      edit === undefined ? event : { ...event, content: edit.content },
      row.local === true,
    )
    : { _tag: "Deleted", by }
  return {
    id: event.id,
    author: event.pubkey,
    claimedAt: event.created_at,
    position,
    content,
    fallback: fallbackOf(content),
    ...(edit === undefined ? {} : { edited: edit.created_at }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(row.expiresAt === undefined ? {} : { expiresAt: row.expiresAt }),
    reactions: reactionsTo(event.id, standing),
  }
}

/**
 * Projects whole histories: every row, in order of arrival. An event that stands there twice counts once.
 */
export function projectTimeline(events: Iterable<TimelineEvent>): ReadonlyArray<MessageView> {
  const unique = new Map<MessageId, TimelineEvent>()
  for (const item of events) {
    const other = unique.get(item.event.id)
    if (other === undefined || item.position < other.position) unique.set(item.event.id, item)
  }
  const byTarget = new Map<MessageId, Array<TimelineEvent>>()
  for (const item of unique.values()) {
    for (const target of targetsOf(item.event)) {
      const list = byTarget.get(target)
      if (list === undefined) byTarget.set(target, [item])
      else list.push(item)
    }
  }
  const rows = [...unique.values()].filter(({ event }) => relationOf(event)._tag === "Row")
  return rows.sort((a, b) => a.position - b.position).map((row) => {
    const direct = byTarget.get(row.event.id) ?? []
    const indirect = direct.flatMap(({ event }) => byTarget.get(event.id) ?? [])
    return projectMessage(row, new Set([...direct, ...indirect]))
  })
}

const deletionsOf = (
  events: ReadonlyArray<TimelineEvent>,
): ReadonlyMap<MessageId, ReadonlyArray<TimelineEvent>> => {
  const byTarget = new Map<MessageId, Array<TimelineEvent>>()
  for (const item of events) {
    const relation = relationOf(item.event)
    if (relation._tag !== "Deletion") continue
    for (const target of relation.targets) {
      byTarget.set(target, [...byTarget.get(target) ?? [], item])
    }
  }
  return byTarget
}

const deletedBy = (
  row: TimelineEvent,
  deletions: ReadonlyArray<TimelineEvent>,
): "author" | "admin" | undefined => {
  if (row.local === true) return undefined
  if (isWithdrawn(row, deletions)) return "author"
  return deletions.some((deletion) => deletion.moderator) ? "admin" : undefined
}

const isWithdrawn = (
  item: TimelineEvent,
  deletions: ReadonlyArray<TimelineEvent>,
): boolean => deletions.some((deletion) => deletion.event.pubkey === item.event.pubkey)

const lastEdit = (
  row: TimelineEvent,
  standing: ReadonlyArray<TimelineEvent>,
): InnerEvent | undefined => {
  if (row.event.kind !== MessageKind.chat) return undefined
  let last: InnerEvent | undefined
  for (const { event } of standing) {
    const relation = relationOf(event)
    if (relation._tag !== "Edit" || relation.target !== row.event.id) continue
    if (event.pubkey !== row.event.pubkey) continue
    const later = last === undefined || event.created_at > last.created_at ||
      event.created_at === last.created_at && event.id < last.id
    if (later) last = event
  }
  return last
}

const reactionsTo = (
  id: MessageId,
  standing: ReadonlyArray<TimelineEvent>,
): ReadonlyArray<ReactionView> => {
  const byEmoji = new Map<string, Set<PublicKey>>()
  for (const { event } of standing) {
    const relation = relationOf(event)
    if (relation._tag !== "Reaction" || relation.target !== id) continue
    const accounts = byEmoji.get(relation.emoji)
    if (accounts === undefined) byEmoji.set(relation.emoji, new Set([event.pubkey]))
    else accounts.add(event.pubkey)
  }
  return [...byEmoji].map(([emoji, accounts]) => ({ emoji, by: [...accounts] }))
}
