/**
 * Durable named consumers: at least once, in order within a group, concurrent across groups.
 *
 * A consumer's position is the place up to which everything is handled; what is handled beyond it
 * (another group was slower) has a row of its own until the position passes it.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import { ArgumentError, type ServiceError } from "../api/errors.ts"
import type { Event } from "../api/event.ts"
import type { EventKey } from "../api/ids.ts"
import type { ConsumeOptions } from "../api/service.ts"
import { CONSUMERS, HANDLED } from "../group/mod.ts"
import type { StorageService } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import type { Bells } from "./bells.ts"
import { type EventLog, EVENTS_BELL, type LoggedEvent } from "./event_log.ts"
import type { EventRecord } from "./event_record.ts"
import { toServiceError } from "./failure.ts"
import type { KeyedLock } from "./keyed_lock.ts"
import { decodeRecord, encodeRecord } from "../group/mod.ts"

/** Events that are looked at together. */
const WINDOW = 256
/** Groups whose handlers run at the same time. */
const LANES = 16

interface ConsumerRecord {
  readonly position: number
}

/** What consuming needs. */
export interface ConsumerSupport {
  /** Reads. */
  readonly storage: StorageService
  /** Writes a batch. */
  readonly write: (verbs: ReadonlyArray<Verb>) => Effect.Effect<unknown, ServiceError>
  /** The log. */
  readonly log: EventLog
  /** Wake-up calls. */
  readonly bells: Bells
  /** One consumer of a name at a time. */
  readonly lock: KeyedLock
  /** Makes an event out of its record; none when what it tells of is gone. */
  readonly materialize: (record: EventRecord) => Effect.Effect<Option.Option<Event>, ServiceError>
}

const handledKey = (name: string, seq: number): string =>
  `${name}/${seq.toString().padStart(16, "0")}`

const put = (name: string, position: number): Verb => ({
  verb: "put",
  collection: CONSUMERS.name,
  key: name,
  value: encodeRecord({ position } satisfies ConsumerRecord),
})

/** Runs a consumer until interrupted; see `EventsApi.consume`. */
export const consume = Effect.fn("Mdk.events.consume")(function* <E, R>(
  support: ConsumerSupport,
  name: string,
  handler: (event: Event) => Effect.Effect<unknown, E, R>,
  options: ConsumeOptions | undefined,
) {
  const attempts = options?.attempts ?? 5
  const fine = /^[\p{L}\p{N}._:-]{1,100}$/u.test(name) && Number.isInteger(attempts) &&
    attempts >= 1 && attempts <= 100
  if (!fine) return yield* new ArgumentError({ reason: "consumer-name" })
  return yield* support.lock.withKey(`consumer/${name}`)(
    Effect.flatMap(
      startPosition(support, name, options?.from ?? "now"),
      (position) => run(support, name, handler, attempts, position),
    ),
  )
}) as <E, R>(
  support: ConsumerSupport,
  name: string,
  handler: (event: Event) => Effect.Effect<unknown, E, R>,
  options: ConsumeOptions | undefined,
) => Effect.Effect<never, ArgumentError | ServiceError, R>

const startPosition = Effect.fnUntraced(function* (
  support: ConsumerSupport,
  name: string,
  from: "now" | "first",
) {
  const row = yield* Effect.mapError(support.storage.get(CONSUMERS.name, name), toServiceError)
  if (Option.isSome(row)) return decodeRecord<ConsumerRecord>(row.value.value).position
  const position = from === "first" ? 0 : yield* support.log.newest
  yield* support.write([put(name, position)])
  return position
})

const run = Effect.fnUntraced(function* <E, R>(
  support: ConsumerSupport,
  name: string,
  handler: (event: Event) => Effect.Effect<unknown, E, R>,
  attempts: number,
  start: number,
) {
  let position = start
  const pruned = yield* support.log.pruned
  if (position < pruned.upTo) {
    const key = `gap:${pruned.upTo}` as EventKey
    yield* attempt(handler, { key, _tag: "Gap", since: new Date(pruned.at) }, attempts)
    position = pruned.upTo
    yield* support.write([put(name, position)])
  }
  for (;;) {
    const bell = support.bells.take(EVENTS_BELL)
    const window = yield* support.log.after(position, WINDOW)
    const last = window.at(-1)
    if (last === undefined) {
      yield* bell
      continue
    }
    yield* offerWindow(support, name, handler, attempts, position, window)
    position = last.seq
  }
})

const offerWindow = Effect.fnUntraced(function* <E, R>(
  support: ConsumerSupport,
  name: string,
  handler: (event: Event) => Effect.Effect<unknown, E, R>,
  attempts: number,
  before: number,
  window: ReadonlyArray<LoggedEvent>,
) {
  const handled = yield* handledIn(support, name, window)
  const done = new Set(handled)
  const pen = Semaphore.makeUnsafe(1)
  let passed = before
  const mark = (entry: LoggedEvent, parked: boolean) =>
    pen.withPermit(Effect.suspend(() => {
      done.add(entry.seq)
      const verbs: Array<Verb> = parked ? [parkedRow(name, entry)] : []
      const from = passed
      for (const { seq } of window) {
        if (seq <= passed) continue
        if (!done.has(seq)) break
        passed = seq
      }
      if (passed > from) {
        verbs.push(put(name, passed), {
          verb: "deleteRange",
          collection: HANDLED.name,
          index: "consumer",
          equals: [name],
          from: 0,
          to: passed + 1,
        })
      }
      if (entry.seq > passed) {
        verbs.push({
          verb: "put",
          collection: HANDLED.name,
          key: handledKey(name, entry.seq),
          columns: { consumer: name, seq: entry.seq },
          value: new Uint8Array(0),
        })
      }
      return support.write(verbs)
    }))
  const lanes = Map.groupBy(window, (entry) => entry.record.group ?? "")
  yield* Effect.forEach(
    lanes.values(),
    (lane) =>
      Effect.forEach(
        lane,
        (entry) =>
          done.has(entry.seq)
            ? Effect.void
            : Effect.flatMap(support.materialize(entry.record), (event) =>
              Option.isNone(event) ? mark(entry, false) : Effect.flatMap(
                attempt(handler, event.value, attempts),
                (succeeded) => mark(entry, !succeeded),
              )),
        { discard: true },
      ),
    { concurrency: LANES, discard: true },
  )
})

const attempt = <E, R>(
  handler: (event: Event) => Effect.Effect<unknown, E, R>,
  event: Event,
  attempts: number,
): Effect.Effect<boolean, never, R> =>
  Effect.suspend(() => handler(event)).pipe(
    Effect.sandbox,
    Effect.retry(
      Schedule.exponential("200 millis").pipe(Schedule.upTo({ times: attempts - 1 })),
    ),
    Effect.match({ onSuccess: () => true, onFailure: () => false }),
  )

const handledIn = (
  support: ConsumerSupport,
  name: string,
  window: ReadonlyArray<LoggedEvent>,
): Effect.Effect<ReadonlyArray<number>, ServiceError> =>
  support.storage.getMany(HANDLED.name, window.map((entry) => handledKey(name, entry.seq))).pipe(
    Effect.mapError(toServiceError),
    Effect.map((rows) => [...rows.values()].map((row) => Number(row.columns["seq"]))),
  )

const parkedRow = (name: string, entry: LoggedEvent): Verb => ({
  verb: "put",
  collection: HANDLED.name,
  key: `${name}/parked/${entry.seq}`,
  columns: { consumer: name },
  value: encodeRecord(entry.record),
})
