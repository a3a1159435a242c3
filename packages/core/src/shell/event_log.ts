/**
 * The log of what happened: appended in the same batch as what it tells, read by consumers and
 * screens.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import { ACCOUNT, EVENTS } from "../group/mod.ts"
import type { AppendVerb, Verb } from "../services/storage_batch.ts"
import type { StorageService } from "../services/storage.ts"
import type { ServiceError } from "../api/errors.ts"
import type { Bells } from "./bells.ts"
import type { EventRecord } from "./event_record.ts"
import { toServiceError } from "./failure.ts"
import { decodeRecord, encodeRecord } from "../group/mod.ts"

/** One entry of the log. */
export interface LoggedEvent {
  /** Its place in the log. */
  readonly seq: number
  /** When it was appended, Unix milliseconds. */
  readonly at: number
  /** What happened. */
  readonly record: EventRecord
}

/** The bell that rings after something was appended. */
export const EVENTS_BELL = "events"

/** Entries for screens that may be behind before the oldest are dropped. */
const LIVE_CAPACITY = 1024

/** Appends and reads events. */
export interface EventLog {
  /** The verb that appends an event, for the batch of what it tells. */
  readonly append: (record: EventRecord, now: number) => AppendVerb
  /** Tells everybody who listens, after the batch is durable. */
  readonly announce: (records: ReadonlyArray<EventRecord>) => void
  /** At most `limit` entries after `seq`, oldest first. */
  readonly after: (
    seq: number,
    limit: number,
  ) => Effect.Effect<ReadonlyArray<LoggedEvent>, ServiceError>
  /** The place of the newest entry, 0 when there is none. */
  readonly newest: Effect.Effect<number, ServiceError>
  /** The place up to which entries were given up, and when; 0 when none were. */
  readonly pruned: Effect.Effect<{ readonly upTo: number; readonly at: number }, ServiceError>
  /** The batch that gives up what is too old or too much; empty when there is nothing. */
  readonly prune: (now: number) => Effect.Effect<ReadonlyArray<Verb>, ServiceError>
  /** What is announced from now on; the oldest are dropped when the reader is slow. */
  readonly live: PubSub.PubSub<EventRecord>
}

/** Makes the log over a storage in which the collection is declared. */
export const makeEventLog = (
  storage: StorageService,
  bells: Bells,
): Effect.Effect<EventLog> =>
  Effect.map(PubSub.sliding<EventRecord>(LIVE_CAPACITY), (live): EventLog => ({
    live,
    append: (record, now) => ({
      verb: "append",
      collection: EVENTS.name,
      columns: { at: now },
      value: encodeRecord(record),
    }),
    announce: (records) => {
      if (records.length === 0) return
      for (const record of records) PubSub.publishUnsafe(live, record)
      bells.ring(EVENTS_BELL)
    },
    after: (seq, limit) =>
      storage.page(EVENTS.name, { index: "key", from: seq + 1, limit }).pipe(
        Effect.mapError(toServiceError),
        Effect.map((page) =>
          page.rows.map((row) => ({
            seq: Number(row.key),
            at: Number(row.columns["at"]),
            record: decodeRecord<EventRecord>(row.value),
          }))
        ),
      ),
    pruned: readPruned(storage),
    prune: (now) => planPruning(storage, now),
    newest: storage.page(EVENTS.name, { index: "key", order: "descending", limit: 1 }).pipe(
      Effect.mapError(toServiceError),
      Effect.map((page) => Number(page.rows[0]?.key ?? 0)),
    ),
  }))

const PRUNED_KEY = "events_pruned"
const MAX_AGE_MILLIS = 30 * 24 * 3600 * 1000
const MAX_ENTRIES = 100_000

const readPruned = (storage: StorageService): EventLog["pruned"] =>
  storage.get(ACCOUNT.name, PRUNED_KEY).pipe(
    Effect.mapError(toServiceError),
    Effect.map(Option.match({
      onNone: () => ({ upTo: 0, at: 0 }),
      onSome: (row) => decodeRecord<{ readonly upTo: number; readonly at: number }>(row.value),
    })),
  )

const planPruning = Effect.fnUntraced(function* (storage: StorageService, now: number) {
  const end = { index: "key", order: "descending", limit: 1 } as const
  const newest = yield* Effect.mapError(storage.page(EVENTS.name, end), toServiceError)
  const aged = yield* storage.page(EVENTS.name, {
    index: "age",
    to: now - MAX_AGE_MILLIS,
    order: "descending",
    limit: 1,
  }).pipe(Effect.mapError(toServiceError))
  const upTo = Math.max(
    Number(aged.rows[0]?.key ?? 0),
    Number(newest.rows[0]?.key ?? 0) - MAX_ENTRIES,
  )
  const before = yield* readPruned(storage)
  if (upTo <= before.upTo) return []
  const verbs: ReadonlyArray<Verb> = [
    { verb: "deleteRange", collection: EVENTS.name, index: "key", to: upTo + 1 },
    {
      verb: "put",
      collection: ACCOUNT.name,
      key: PRUNED_KEY,
      value: encodeRecord({ upTo, at: now }),
    },
  ]
  return verbs
})
