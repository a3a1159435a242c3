/**
 * What the engine tells, as rows and events.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import type { ServiceError } from "../api/errors.ts"
import type { GroupMoved, GroupState, MessageRead, Output } from "../group/mod.ts"
import {
  affectedRows,
  type InnerEvent,
  type MessageId,
  systemRow,
  systemRowId,
  targetsOf,
} from "../message/mod.ts"
import type { Verb } from "../services/storage_batch.ts"
import type { EventRecord } from "./event_record.ts"
import { isRow, isShown, type PlacedMessage, putMessage } from "./message_rows.ts"
import type { Runtime } from "./runtime.ts"
import { makeTextIndex } from "./text_index.ts"
import { findEvent } from "./timeline_reader.ts"

/** Rows and events. */
export interface Told {
  /** The rows. */
  readonly verbs: ReadonlyArray<Verb>
  /** The events. */
  readonly events: ReadonlyArray<EventRecord>
}

/** What is asked of a group here. */
export type Named = Pick<GroupState, "id" | "mlsGroupId" | "summary">

/** Collects outputs of one batch, which may refer to each other before anything is stored. */
export interface OutputWriter {
  /** Adds what an input told. */
  readonly add: (
    outputs: ReadonlyArray<Output>,
    group: Named,
  ) => Effect.Effect<void, ServiceError>
  /** Everything that was added. */
  readonly told: () => Told
}

/** Makes a writer for one batch of one group. */
export function makeOutputWriter(
  runtime: Pick<Runtime, "storage" | "positions">,
  now: number,
): OutputWriter {
  const verbs: Array<Verb> = []
  const events: Array<EventRecord> = []
  const texts = makeTextIndex(runtime.storage)
  const fresh = new Map<string, InnerEvent>()

  const find = (group: string, id: string) => {
    const found = fresh.get(id)
    return found !== undefined
      ? Effect.succeed<InnerEvent | undefined>(found)
      : Effect.map(findEvent(runtime.storage, group, id), (placed) => placed?.event)
  }

  const addMessage = Effect.fnUntraced(function* (read: MessageRead, group: Named) {
    const { event } = read
    if (!isShown(event)) return
    // The same inner event in a second MLS message says nothing new.
    if ((yield* find(group.id, event.id)) !== undefined) return
    fresh.set(event.id, event)
    const placed: PlacedMessage = {
      group: group.id,
      position: runtime.positions.next(now),
      event,
      receivedAt: now,
      moderator: read.byAdmin && !isDirect(group),
      ...(read.expiresAt === undefined ? {} : { expiresAt: read.expiresAt }),
    }
    verbs.push(...putMessage(placed))
    const changed = isRow(placed) ? [] : yield* changedEvents(group.id, event, find)
    if (isRow(placed)) events.push(receivedEvent(group.id, event.id))
    else events.push(...changed)
    yield* texts.add(placed, changed.map(({ message }) => message))
  })

  const addMoved = (moved: GroupMoved, group: Named): void => {
    for (const placed of systemRows(runtime, moved, group, now)) {
      fresh.set(placed.event.id, placed.event)
      verbs.push(...putMessage(placed))
      events.push(receivedEvent(group.id, placed.event.id))
    }
    if (moved.aspects.length > 0) {
      events.push({
        tag: "group",
        key: `group:${group.id}:${moved.digest}`,
        group: group.id,
        what: moved.aspects,
      })
    }
  }

  return {
    add: Effect.fnUntraced(function* (outputs, group) {
      for (const output of outputs) {
        if (output.tag === "message") yield* addMessage(output, group)
        else if (output.tag === "moved") addMoved(output, group)
      }
    }),
    told: () => ({ verbs: [...verbs, ...texts.verbs()], events }),
  }
}

/** A chat of two without a name: there nobody moderates. */
export const isDirect = ({ summary }: Pick<GroupState, "summary">): boolean =>
  summary.members.length <= 2 && summary.name === ""

const receivedEvent = (group: string, id: string): EventRecord => ({
  tag: "received",
  key: `message:${group}:${id}`,
  group,
  message: id,
})

/** An event that tells that a row looks different now. */
export type ChangedRecord = Extract<EventRecord, { readonly message: string }>

/** The events of an annotation: one for each row that looks different now. */
export const changedEvents: (
  group: string,
  event: InnerEvent,
  find: (group: string, id: string) => Effect.Effect<InnerEvent | undefined, ServiceError>,
) => Effect.Effect<ReadonlyArray<ChangedRecord>, ServiceError> = Effect.fnUntraced(function* (
  group,
  event,
  find,
) {
  const known = new Map<MessageId, InnerEvent>()
  const learn = Effect.fnUntraced(function* (ids: ReadonlyArray<MessageId>) {
    for (const id of ids) {
      const found = yield* find(group, id)
      if (found !== undefined) known.set(id, found)
    }
  })
  const direct = targetsOf(event)
  yield* learn(direct)
  yield* learn(direct.flatMap((id) => {
    const target = known.get(id)
    return target === undefined ? [] : targetsOf(target)
  }))
  return affectedRows(event, (id) => known.get(id)).map((row): ChangedRecord => ({
    tag: "changed",
    key: `changed:${row.slice(0, 32)}:${event.id}`,
    group,
    message: row,
  }))
})

const systemRows = (
  runtime: Pick<Runtime, "positions">,
  moved: GroupMoved,
  group: Named,
  now: number,
): ReadonlyArray<PlacedMessage> =>
  moved.changes.map(({ type, data }) => {
    const content = systemRow(type, data)
    const { actor } = data
    const id = systemRowId(content, {
      groupId: group.mlsGroupId,
      epoch: moved.epoch,
      ...(actor === undefined ? {} : { actor }),
    })
    return {
      group: group.id,
      position: runtime.positions.next(now),
      event: {
        id: id as MessageId,
        pubkey: moved.actor,
        created_at: BigInt(Math.trunc(now / 1000)),
        ...content,
      },
      receivedAt: now,
      moderator: false,
      local: true,
    }
  })
