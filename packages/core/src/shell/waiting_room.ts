/**
 * Events that cannot be opened or placed yet: bounded per group, the oldest go first.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import type { ServiceError } from "../api/errors.ts"
import { decodeRecord, WAITING } from "../group/mod.ts"
import type { NostrEvent } from "../services/nostr_event.ts"
import type { StorageService } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import { toServiceError } from "./failure.ts"

/** Most events that wait in one group. */
export const MAX_WAITING = 256
/** Longest wait. */
const MAX_AGE_MILLIS = 30 * 24 * 3600 * 1000

/** A waiting event. */
export interface StoredWaiting {
  /** Key of its row. */
  readonly key: string
  /** The event. */
  readonly event: NostrEvent
}

/** What waits in a group, in the order of the authors' clocks. */
export const waitingEvents = (
  storage: StorageService,
  group: string,
): Effect.Effect<ReadonlyArray<StoredWaiting>, ServiceError> =>
  storage.page(WAITING.name, { index: "group", equals: [group], limit: MAX_WAITING }).pipe(
    Effect.mapError(toServiceError),
    Effect.map((page) =>
      page.rows
        .map((row) => ({ key: String(row.key), event: decodeRecord<NostrEvent>(row.value) }))
        .sort((a, b) => a.event.created_at - b.event.created_at)
    ),
  )

/** The verbs that make room for one more. */
export const makeRoom: (
  storage: StorageService,
  group: string,
  now: number,
) => Effect.Effect<ReadonlyArray<Verb>, ServiceError> = Effect.fnUntraced(function* (
  storage,
  group,
  now,
) {
  const verbs: Array<Verb> = [{
    verb: "deleteRange",
    collection: WAITING.name,
    index: "group",
    equals: [group],
    to: now - MAX_AGE_MILLIS,
  }]
  const range = { index: "group", equals: [group] }
  const waiting = yield* storage.count(WAITING.name, range, MAX_WAITING).pipe(
    Effect.mapError(toServiceError),
  )
  if (waiting >= MAX_WAITING) {
    const oldest = yield* Effect.mapError(
      storage.page(WAITING.name, { ...range, limit: 1 }),
      toServiceError,
    )
    for (const row of oldest.rows) {
      verbs.push({ verb: "delete", collection: WAITING.name, key: row.key })
    }
  }
  return verbs
})

/** How much waits in all groups, counted up to 10 000. */
export const countWaiting = (storage: StorageService): Effect.Effect<number, ServiceError> =>
  Effect.mapError(storage.count(WAITING.name, { index: "age" }, 10_000), toServiceError)
