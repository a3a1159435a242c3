/**
 * The dead-letter boxes of consumers: events whose handler kept failing. They keep their records, so
 * that they outlive the log.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ServiceError } from "../api/errors.ts"
import type { Event } from "../api/event.ts"
import type { EventKey } from "../api/ids.ts"
import { decodeRecord, encodeRecord, PARKED } from "../group/mod.ts"
import { MAX_PAGE } from "../services/mod.ts"
import type { Row, StorageService } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import type { EventRecord } from "./event_record.ts"
import { toServiceError } from "./failure.ts"

/** Events that a consumer missed because they were given up. */
export interface Gap {
  /** The place of the last one. */
  readonly upTo: number
  /** When they were given up, Unix milliseconds. */
  readonly at: number
}

/** What is parked: an entry of the log with its place, or a gap. */
export type Parked =
  | { readonly seq: number; readonly record: EventRecord }
  | { readonly gap: Gap }

/** What reading a box needs. */
export interface ParkedSupport {
  /** Reads. */
  readonly storage: StorageService
  /** Makes an event out of its record; none when what it tells of is gone. */
  readonly materialize: (record: EventRecord) => Effect.Effect<Option.Option<Event>, ServiceError>
}

/** The event that tells of a gap. */
export const gapEvent = ({ upTo, at }: Gap): Event => ({
  key: `gap:${upTo}` as EventKey,
  _tag: "Gap",
  since: new Date(at),
})

const PLACE_DIGITS = 16
const place = (seq: number): string => seq.toString().padStart(PLACE_DIGITS, "0")

const keyOf = (name: string, parked: Parked): string =>
  "gap" in parked ? `${name}/gap/${place(parked.gap.upTo)}` : `${name}/${place(parked.seq)}`

const rowOf = (name: string, parked: Parked, released: boolean): Verb => ({
  verb: "put",
  collection: PARKED.name,
  key: keyOf(name, parked),
  columns: {
    consumer: name,
    released: released ? 1 : 0,
    seq: "gap" in parked ? parked.gap.upTo : parked.seq,
    event: "gap" in parked ? gapEvent(parked.gap).key : parked.record.key,
  },
  value: encodeRecord(parked),
})

const readRow = (row: Row): Parked => decodeRecord<Parked>(row.value)

/** The verb that parks an event of a consumer, or parks it again. */
export const park = (name: string, parked: Parked): Verb => rowOf(name, parked, false)

/** The verb that forgets a parked event. */
export const unpark = (name: string, parked: Parked): Verb => ({
  verb: "delete",
  collection: PARKED.name,
  key: keyOf(name, parked),
})

/** The group of a parked event; empty for what belongs to none. */
export const groupOf = (parked: Parked): string => "gap" in parked ? "" : parked.record.group ?? ""

/** A parked event as handlers see it; none when what it tells of is gone. */
export const eventOf = (
  { materialize }: Pick<ParkedSupport, "materialize">,
  parked: Parked,
): Effect.Effect<Option.Option<Event>, ServiceError> =>
  "gap" in parked ? Effect.succeed(Option.some(gapEvent(parked.gap))) : materialize(parked.record)

/** Released events of a consumer, the oldest first, at most a page. */
export const releasedOf = (
  storage: StorageService,
  name: string,
): Effect.Effect<ReadonlyArray<Parked>, ServiceError> =>
  storage.page(PARKED.name, { index: "consumer", equals: [name, 1], limit: MAX_PAGE }).pipe(
    Effect.mapError(toServiceError),
    Effect.map((page) => page.rows.map(readRow)),
  )

/** See `EventsApi.parked`. */
export const parkedEvents: (
  support: ParkedSupport,
  name: string,
) => Effect.Effect<ReadonlyArray<Event>, ServiceError> = Effect.fn("Mdk.events.parked")(
  function* (support, name) {
    const events: Array<Event> = []
    let cursor: string | undefined
    for (;;) {
      const page = yield* support.storage.page(PARKED.name, {
        index: "consumer",
        equals: [name, 0],
        limit: MAX_PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      }).pipe(Effect.mapError(toServiceError))
      for (const row of page.rows) {
        const event = yield* eventOf(support, readRow(row))
        if (Option.isSome(event)) events.push(event.value)
        if (events.length === MAX_PAGE) return events
      }
      cursor = page.cursors.at(-1)
      if (!page.more || cursor === undefined) return events
    }
  },
)

/** The verbs that have a parked event offered again; none when it is not parked. */
export const planRelease = (
  storage: StorageService,
  name: string,
  key: EventKey,
): Effect.Effect<ReadonlyArray<Verb>, ServiceError> =>
  storage.page(PARKED.name, { index: "event", equals: [name, key], limit: MAX_PAGE }).pipe(
    Effect.mapError(toServiceError),
    Effect.map((page) => page.rows.map((row) => rowOf(name, readRow(row), true))),
  )
