/**
 * Reads messages with all that belongs to them: edits, deletions, reactions, and where sending stands.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { GroupError, type ServiceError } from "../api/errors.ts"
import type { GroupId } from "../api/ids.ts"
import type { SendState } from "../api/sending.ts"
import type { Message } from "../api/values.ts"
import { ANNOTATIONS, INTENTS, MESSAGES } from "../group/mod.ts"
import { projectMessage } from "../message/mod.ts"
import type { StorageService } from "../services/storage.ts"
import { annotationsOf } from "./annotation_reader.ts"
import { toServiceError } from "./failure.ts"
import { readIntent } from "./intent_record.ts"
import { messageKey, type PlacedMessage, readMessage } from "./message_rows.ts"

const MAX_DATE_MILLIS = 8_640_000_000_000_000n

/** A time by somebody else's word: what a `Date` cannot hold is the last moment that it can. */
export const dateOf = (seconds: bigint): Date => {
  const millis = seconds * 1000n
  return new Date(Number(millis > MAX_DATE_MILLIS ? MAX_DATE_MILLIS : millis))
}

/** Resolves rows, in their order. */
export const resolveRows = (
  storage: StorageService,
  rows: ReadonlyArray<PlacedMessage>,
): Effect.Effect<ReadonlyArray<Message>, ServiceError> =>
  Effect.forEach(rows, (row) => resolveRow(storage, row))

const resolveRow = Effect.fnUntraced(function* (storage: StorageService, row: PlacedMessage) {
  const view = projectMessage(row, yield* annotationsOf(storage, row))
  const send = yield* sendStateOf(storage, row.intent)
  const message: Message = {
    id: view.id,
    group: row.group as GroupId,
    author: view.author,
    claimedAt: dateOf(view.claimedAt),
    receivedAt: new Date(row.receivedAt),
    content: view.content,
    fallback: view.fallback,
    ...(view.edited === undefined ? {} : { edited: dateOf(view.edited) }),
    ...(view.replyTo === undefined ? {} : { replyTo: view.replyTo }),
    ...(view.expiresAt === undefined ? {} : { expiresAt: dateOf(view.expiresAt) }),
    reactions: view.reactions,
    ...(send === undefined ? {} : { send }),
  }
  return message
})

const sendStateOf = (
  storage: StorageService,
  intent: string | undefined,
): Effect.Effect<SendState | undefined, ServiceError> =>
  intent === undefined ? Effect.succeed(undefined) : storage.get(INTENTS.name, intent).pipe(
    Effect.mapError(toServiceError),
    Effect.map((row) => {
      if (row._tag === "None") return undefined
      const { state } = readIntent(row.value)
      return state._tag === "Applied" || state._tag === "Superseded" ? undefined : state
    }),
  )

/** A timeline row by group and id. */
export const findRow = (
  storage: StorageService,
  group: string,
  id: string,
): Effect.Effect<PlacedMessage | undefined, ServiceError> =>
  storage.get(MESSAGES.name, messageKey(group, id)).pipe(
    Effect.mapError(toServiceError),
    Effect.map((row) => row._tag === "None" ? undefined : readMessage(row.value)),
  )

/** A timeline row or an annotation by group and id. */
export const findEvent = (
  storage: StorageService,
  group: string,
  id: string,
): Effect.Effect<PlacedMessage | undefined, ServiceError> =>
  Effect.flatMap(
    findRow(storage, group, id),
    (row) =>
      row !== undefined ? Effect.succeed(row) : storage.get(
        ANNOTATIONS.name,
        `${messageKey(group, id)}/0`,
      ).pipe(
        Effect.mapError(toServiceError),
        Effect.map((found) => found._tag === "None" ? undefined : readMessage(found.value)),
      ),
  )

/**
 * A timeline row by id alone: of the group where it came last, should the same event be in several.
 * Fails with `unknown-message`.
 */
export const rowById = (
  storage: StorageService,
  id: string,
): Effect.Effect<PlacedMessage, GroupError | ServiceError> =>
  storage.page(MESSAGES.name, { index: "id", equals: [id], order: "descending", limit: 1 }).pipe(
    Effect.mapError(toServiceError),
    Effect.flatMap((page): Effect.Effect<PlacedMessage, GroupError> => {
      const row = page.rows[0]
      return row === undefined
        ? Effect.fail(new GroupError({ reason: "unknown-message" }))
        : Effect.succeed(readMessage(row))
    }),
  )
