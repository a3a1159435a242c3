/**
 * How inner events become rows: timeline rows, and annotations of them.
 *
 * @module
 */
import type { PublicKey } from "../identity/mod.ts"
import { ANNOTATIONS, decodeRecord, encodeRecord, MESSAGES } from "../group/mod.ts"
import {
  type InnerEvent,
  type MessageId,
  relationOf,
  targetsOf,
  type TimelineEvent,
} from "../message/mod.ts"
import type { Row } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"

/** An inner event with its place and what this device knows about it. */
export interface PlacedMessage extends TimelineEvent {
  /** GroupId. */
  readonly group: string
  /** When it was stored, Unix milliseconds. */
  readonly receivedAt: number
  /** The intent that sends it, when it is this device's own. */
  readonly intent?: string
}

interface StoredMessage {
  readonly id: string
  readonly pubkey: string
  readonly at: string
  readonly kind: number
  readonly tags: ReadonlyArray<ReadonlyArray<string>>
  readonly content: string
  readonly received: number
  readonly moderator?: true
  readonly local?: true
  readonly expires?: string
  readonly intent?: string
}

/** Most rows that one annotation is written to. */
const MAX_TARGETS = 100

/** What an event is written to as an annotation: the first of its targets. */
export const annotated = (event: InnerEvent): ReadonlyArray<MessageId> =>
  targetsOf(event).slice(0, MAX_TARGETS)

/** Key of a timeline row. */
export const messageKey = (group: string, id: string): string => `${group}/${id}`

/** True when an event is seen: as a row, or as a change of one. */
export const isShown = (event: InnerEvent): boolean => relationOf(event)._tag !== "Hidden"

/** True when an event is a row of the timeline. */
export const isRow = (placed: Pick<PlacedMessage, "event" | "local">): boolean =>
  placed.local === true || relationOf(placed.event)._tag === "Row"

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/** When a row is swept; null: it stays. */
export const expiryColumn = (expiresAt: bigint | undefined): number | null =>
  expiresAt === undefined || expiresAt > MAX_SAFE ? null : Number(expiresAt)

/** The verbs that store an inner event, as a row or as annotations; none for what nobody sees. */
export const putMessage = (placed: PlacedMessage): ReadonlyArray<Verb> => {
  const { event, group, position, expiresAt } = placed
  const value = encodeRecord(toStored(placed))
  const columns = {
    group_id: group,
    id: event.id,
    position,
    expires_at: expiryColumn(expiresAt),
  }
  if (isRow(placed)) {
    const key = messageKey(group, event.id)
    return [{ verb: "put", collection: MESSAGES.name, key, columns, value }]
  }
  return annotated(event).map((target, number): Verb => ({
    verb: "put",
    collection: ANNOTATIONS.name,
    key: `${messageKey(group, event.id)}/${number}`,
    columns: {
      ...columns,
      target,
      relation: relationOf(event)._tag.toLowerCase(),
      author: event.pubkey,
      moderator: placed.moderator ? 1 : 0,
    },
    value,
  }))
}

const toStored = (placed: PlacedMessage): StoredMessage => ({
  id: placed.event.id,
  pubkey: placed.event.pubkey,
  at: placed.event.created_at.toString(),
  kind: placed.event.kind,
  tags: placed.event.tags,
  content: placed.event.content,
  received: placed.receivedAt,
  ...(placed.moderator ? { moderator: true } : {}),
  ...(placed.local === true ? { local: true } : {}),
  ...(placed.expiresAt === undefined ? {} : { expires: placed.expiresAt.toString() }),
  ...(placed.intent === undefined ? {} : { intent: placed.intent }),
})

/** Reads a row of either collection back. */
export const readMessage = (row: Row): PlacedMessage => {
  const stored = decodeRecord<StoredMessage>(row.value)
  return {
    group: String(row.columns["group_id"]),
    position: Number(row.columns["position"]),
    event: {
      id: stored.id as MessageId,
      pubkey: stored.pubkey as PublicKey,
      created_at: BigInt(stored.at),
      kind: stored.kind,
      tags: stored.tags,
      content: stored.content,
    },
    moderator: stored.moderator === true,
    receivedAt: stored.received,
    ...(stored.local === true ? { local: true } : {}),
    ...(stored.expires === undefined ? {} : { expiresAt: BigInt(stored.expires) }),
    ...(stored.intent === undefined ? {} : { intent: stored.intent }),
  }
}
