/**
 * Keeps what a search finds in step with the timeline: in the same batch, whatever comes first.
 *
 * A row finds the edits and deletions that came before it, an edit or deletion finds its rows; both are
 * looked for in the storage and in the batch under way. The reads for one event do not depend on how much
 * there is; how the rules apply is for `projectMessage` to say.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import type { ServiceError } from "../api/errors.ts"
import { TEXTS } from "../group/mod.ts"
import { MessageKind, projectMessage, relationOf } from "../message/mod.ts"
import type { StorageService } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import { deletionsOf, editsOf, isBare, isWithdrawn, lastStanding } from "./annotation_reader.ts"
import { annotated, expiryColumn, type PlacedMessage } from "./message_rows.ts"
import { findRow } from "./timeline_reader.ts"

/** Most UTF-16 units of a text that are looked at: what one message can cost is bounded. */
const MAX_INDEXED = 32_000

/** Follows the events of one batch of one group. */
export interface TextIndex {
  /**
   * Takes in what the batch stores; under the group's lock.
   *
   * @param rows for an annotation: ids of the rows that look different now
   */
  readonly add: (
    placed: PlacedMessage,
    rows: ReadonlyArray<string>,
  ) => Effect.Effect<void, ServiceError>
  /** What belongs into the batch besides. */
  readonly verbs: () => ReadonlyArray<Verb>
}

/** A row with what the storage has about it. */
interface Known {
  readonly row: PlacedMessage
  readonly deletions: ReadonlyArray<PlacedMessage>
  readonly edits: ReadonlyArray<PlacedMessage>
}

/** Makes an index for one batch. */
export function makeTextIndex(storage: StorageService): TextIndex {
  const rows = new Map<string, Known | undefined>()
  /** Edits and deletions of the batch, by what they are about. */
  const changes = new Map<string, Array<PlacedMessage>>()
  /** Edits in the storage that were asked about. */
  const withdrawn = new Map<string, boolean>()
  const verbs = new Map<string, Verb>()

  const changesOf = (id: string, tag: "Deletion" | "Edit"): ReadonlyArray<PlacedMessage> =>
    (changes.get(id) ?? []).filter(({ event }) => relationOf(event)._tag === tag)

  const stored = Effect.fnUntraced(function* (row: PlacedMessage) {
    const known: Known = (yield* isBare(storage, row))
      ? { row, deletions: [], edits: [] }
      : { row, deletions: yield* deletionsOf(storage, row), edits: yield* editsOf(storage, row) }
    rows.set(row.event.id, known)
    return known
  })

  const known = Effect.fnUntraced(function* (group: string, id: string) {
    if (rows.has(id)) return rows.get(id)
    const row = yield* findRow(storage, group, id)
    return row !== undefined && hasText(row) ? yield* stored(row) : undefined
  })

  const stands = Effect.fnUntraced(function* (edit: PlacedMessage) {
    const { id, pubkey } = edit.event
    if (changesOf(id, "Deletion").some(({ event }) => event.pubkey === pubkey)) return false
    const before = withdrawn.get(id) ?? (yield* isWithdrawn(storage, edit))
    withdrawn.set(id, before)
    return !before
  })

  const lastEdit = ({ row, edits }: Known) => {
    const { id, pubkey } = row.event
    const fresh = changesOf(id, "Edit").filter(({ event }) => event.pubkey === pubkey)
    return lastStanding([...edits, ...fresh], stands)
  }

  const settle = Effect.fnUntraced(function* (one: Known) {
    const { row } = one
    const deletions = [...one.deletions, ...changesOf(row.event.id, "Deletion")]
    const isDeleted = projectMessage(row, deletions).content._tag === "Deleted"
    const edits = isDeleted ? [] : yield* lastEdit(one)
    const { content } = projectMessage(row, [...deletions, ...edits])
    verbs.set(
      row.event.id,
      content._tag === "Text" ? putText(row, edits, content.text) : dropText(row),
    )
  })

  return {
    add: Effect.fnUntraced(function* (placed, affected) {
      const { event, group } = placed
      switch (relationOf(event)._tag) {
        case "Row":
          if (hasText(placed)) yield* settle(yield* stored(placed))
          return
        case "Edit":
        case "Deletion":
          for (const id of annotated(event)) {
            const list = changes.get(id)
            if (list === undefined) changes.set(id, [placed])
            else list.push(placed)
          }
          for (const id of affected) {
            const one = yield* known(group, id)
            if (one !== undefined && mayChange(placed, one.row)) yield* settle(one)
          }
      }
    }),
    verbs: () => [...verbs.values()],
  }
}

const hasText = ({ event, local }: PlacedMessage): boolean =>
  event.kind === MessageKind.chat && local !== true

const mayChange = ({ event, moderator }: PlacedMessage, row: PlacedMessage): boolean =>
  moderator || event.pubkey === row.event.pubkey

/** Short, because every index repeats it. */
const textKey = ({ position }: PlacedMessage): string => String(position)

const putText = (
  row: PlacedMessage,
  edits: ReadonlyArray<PlacedMessage>,
  text: string,
): Verb => {
  const ends = [row, ...edits].flatMap(({ expiresAt }) => expiryColumn(expiresAt) ?? [])
  return {
    verb: "put",
    collection: TEXTS.name,
    key: textKey(row),
    columns: {
      group_id: row.group,
      position: row.position,
      expires_at: ends.length === 0 ? null : Math.min(...ends),
    },
    value: new Uint8Array(0),
    // Cutting may halve a pair of surrogates, which has no UTF-8 form.
    text: text.slice(0, MAX_INDEXED).toWellFormed(),
  }
}

const dropText = (row: PlacedMessage): Verb => ({
  verb: "delete",
  collection: TEXTS.name,
  key: textKey(row),
})
