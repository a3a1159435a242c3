/**
 * Durable named consumers: at least once, in order within a group, concurrent across groups.
 *
 * A consumer's position is the place up to which everything is handled; what is handled beyond it
 * (another group was slower) has a row of its own until the position passes it.
 *
 * @module
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Semaphore from "effect/Semaphore"
import { ArgumentError, ServiceError } from "../api/errors.ts"
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
import {
  eventOf,
  gapEvent,
  groupOf,
  park,
  planRelease,
  releasedOf,
  unpark,
} from "./parked_events.ts"
import { isDamage } from "./runtime.ts"
import { decodeRecord, encodeRecord } from "../group/mod.ts"

/** Events that are looked at together. */
const WINDOW = 256
/** Groups whose handlers run at the same time. */
const LANES = 16
const FIRST_PAUSE_MILLIS = 200
const LONGEST_PAUSE_MILLIS = 30_000

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

/** One run of a consumer. */
interface Run<E, R> {
  readonly support: ConsumerSupport
  readonly name: string
  readonly handler: (event: Event) => Effect.Effect<unknown, E, R>
  readonly attempts: number
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
      (position) => run({ support, name, handler, attempts }, position),
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

const run = Effect.fnUntraced(function* <E, R>(consumer: Run<E, R>, start: number) {
  const { support, name } = consumer
  let position = start
  const pruned = yield* support.log.pruned
  if (position < pruned.upTo) {
    // Reading the log again each time tells that the account was closed meanwhile.
    const gap = Effect.as(support.log.pruned, Option.some(gapEvent(pruned)))
    const handled = yield* offer(consumer, gap)
    position = pruned.upTo
    yield* support.write([put(name, position), ...(handled ? [] : [park(name, { gap: pruned })])])
  }
  for (;;) {
    const bell = support.bells.take(EVENTS_BELL)
    yield* offerReleased(consumer)
    const window = yield* support.log.after(position, WINDOW)
    const last = window.at(-1)
    if (last === undefined) {
      yield* bell
      continue
    }
    yield* offerWindow(consumer, position, window)
    position = last.seq
  }
})

/** Offers what was released, until nothing is. */
const offerReleased = Effect.fnUntraced(function* <E, R>(consumer: Run<E, R>) {
  const { support, name } = consumer
  for (;;) {
    const released = yield* releasedOf(support.storage, name)
    if (released.length === 0) return
    yield* Effect.forEach(
      Map.groupBy(released, groupOf).values(),
      (lane) =>
        Effect.forEach(lane, (parked) =>
          Effect.flatMap(
            offer(consumer, eventOf(support, parked)),
            (handled) => support.write([handled ? unpark(name, parked) : park(name, parked)]),
          ), { discard: true }),
      { concurrency: LANES, discard: true },
    )
  }
})

/** See `EventsApi.release`. */
export const release: (
  support: ConsumerSupport,
  name: string,
  key: EventKey,
) => Effect.Effect<void, ServiceError> = Effect.fn("Mdk.events.release")(
  function* (support, name, key) {
    const verbs = yield* planRelease(support.storage, name, key)
    if (verbs.length === 0) return
    yield* support.write(verbs)
    support.bells.ring(EVENTS_BELL)
  },
)

const offerWindow = Effect.fnUntraced(function* <E, R>(
  consumer: Run<E, R>,
  before: number,
  window: ReadonlyArray<LoggedEvent>,
) {
  const { support, name } = consumer
  const handled = yield* handledIn(support, name, window)
  const done = new Set(handled)
  const pen = Semaphore.makeUnsafe(1)
  let passed = before
  const mark = (entry: LoggedEvent, parked: boolean) =>
    pen.withPermit(Effect.suspend(() => {
      done.add(entry.seq)
      const verbs: Array<Verb> = parked
        ? [park(name, { seq: entry.seq, record: entry.record })]
        : []
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
          done.has(entry.seq) ? Effect.void : Effect.flatMap(
            offer(consumer, support.materialize(entry.record)),
            (handled) => mark(entry, !handled),
          ),
        { discard: true },
      ),
    { concurrency: LANES, discard: true },
  )
})

/**
 * Offers an event until it is handled, with growing pauses; false when the handler failed too often. What
 * the world is to blame for is not held against the handler: there is no end to those attempts.
 *
 * @param read the event as it stands at each attempt; none when there is nothing left to tell
 */
const offer = Effect.fnUntraced(function* <E, R>(
  { support, name, handler, attempts }: Run<E, R>,
  read: Effect.Effect<Option.Option<Event>, ServiceError>,
) {
  let failures = 0
  let pause = FIRST_PAUSE_MILLIS
  for (;;) {
    const event = yield* read
    if (Option.isNone(event)) return true
    const exit = yield* Effect.exit(Effect.suspend(() => handler(event.value)))
    if (Exit.isSuccess(exit)) return true
    if (!isTrouble(exit.cause)) failures++
    if (failures >= attempts) return false
    // Nobody rings this bell but the end of the account.
    const end = support.bells.take(`consumer/${name}`)
    yield* Effect.raceFirst(Effect.sleep(pause), end)
    pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS)
  }
})

/** True when a service failed in a way that may pass: storage, disk, relays, a signer that is away. */
const isTrouble = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some((reason) => {
    const error = Cause.isFailReason(reason)
      ? reason.error
      : Cause.isDieReason(reason)
      ? reason.defect
      : undefined
    if (!(error instanceof ServiceError) || error.reason === "signer-refused") return false
    return error.cause === undefined || !isDamage(Redacted.value(error.cause))
  })

const handledIn = (
  support: ConsumerSupport,
  name: string,
  window: ReadonlyArray<LoggedEvent>,
): Effect.Effect<ReadonlyArray<number>, ServiceError> =>
  support.storage.getMany(HANDLED.name, window.map((entry) => handledKey(name, entry.seq))).pipe(
    Effect.mapError(toServiceError),
    Effect.map((rows) => [...rows.values()].map((row) => Number(row.columns["seq"]))),
  )
