/**
 * Publishes what lies in the outbox until every relay has answered: one fiber an event, always the same
 * bytes, with growing pauses. What an answer means is recorded by the caller before anything follows
 * from it.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ServiceError } from "../api/errors.ts"
import { OUTBOX } from "../group/mod.ts"
import { MAX_PAGE } from "../services/mod.ts"
import type { RelayAnswer } from "../services/transport.ts"
import { toServiceError } from "./failure.ts"
import {
  afterAnswer,
  asked,
  type Outgoing,
  outgoingKey,
  readOutgoing,
  remaining,
} from "./outbox_record.ts"
import { patiently } from "./patience.ts"
import type { Runtime } from "./runtime.ts"

/** The bell that ends the pauses of an intent's events. */
export const retryBell = (intent: string): string => `retry/${intent}`

/** The bell that ends all pauses: a relay came back. */
export const RELAYS_BELL = "relays"

/** After an acknowledgement the other relays are tried for so long. */
const FAN_OUT_MILLIS = 24 * 3600 * 1000
const FIRST_PAUSE_MILLIS = 1000
const LONGEST_PAUSE_MILLIS = 5 * 60 * 1000

/** What became of an event so far. */
export interface Progress {
  /** The event with the answers so far. */
  readonly outgoing: Outgoing
  /** `acknowledged`: the first relay accepted, others are still asked. `attempted`: all were asked. */
  readonly phase: "acknowledged" | "attempted"
  /** True when no relay will be asked any more. */
  readonly final: boolean
}

/** Publishes what is in the outbox. */
export interface Publisher {
  /** Publishes an event that is durable in the outbox. Repeating it is harmless. */
  readonly start: (outgoing: Outgoing) => Effect.Effect<void>
  /** Publishes everything that was left open. */
  readonly resume: Effect.Effect<void, ServiceError>
}

/**
 * Makes the publisher.
 *
 * @param record makes progress durable; the next step is taken when it succeeded
 */
export const makePublisher = (
  runtime: Runtime,
  record: (progress: Progress) => Effect.Effect<void, ServiceError>,
): Effect.Effect<Publisher, never, Scope.Scope> =>
  Effect.gen(function* () {
    const fibers = yield* FiberMap.make<string, void, ServiceError>()
    const start = (outgoing: Outgoing): Effect.Effect<void> =>
      runtime.offline ? Effect.void : Effect.asVoid(
        FiberMap.run(
          fibers,
          outgoingKey(outgoing),
          patiently(publishUntilDone(runtime, record, { outgoing })),
          {
            onlyIfMissing: true,
          },
        ),
      )
    return {
      start,
      resume: Effect.gen(function* () {
        let cursor: string | undefined
        for (;;) {
          const page = yield* runtime.storage.page(OUTBOX.name, {
            index: "open",
            equals: [1],
            limit: MAX_PAGE,
            ...(cursor === undefined ? {} : { cursor }),
          }).pipe(Effect.mapError(toServiceError))
          // Before the interruption it may have been sent: nobody knows.
          for (const row of page.rows) yield* start(asked(readOutgoing(row)))
          cursor = page.cursors.at(-1)
          if (!page.more || cursor === undefined) return
        }
      }),
    }
  })

/** What is known of an event; it outlives an attempt that a failing storage ends. */
interface Course {
  outgoing: Outgoing
}

const publishUntilDone = Effect.fn("Mdk.publish")(function* (
  runtime: Runtime,
  record: (progress: Progress) => Effect.Effect<void, ServiceError>,
  course: Course,
) {
  let pause = FIRST_PAUSE_MILLIS
  for (;;) {
    const retry = runtime.bells.take(retryBell(course.outgoing.intent))
    const relaysBack = runtime.bells.take(RELAYS_BELL)
    yield* attempt(runtime, record, course)
    const { outgoing } = course
    const now = yield* Clock.currentTimeMillis
    const final = isFinal(outgoing, now)
    yield* record({ outgoing, phase: "attempted", final })
    if (final) return
    yield* Effect.raceAllFirst([Effect.sleep(pause), retry, relaysBack])
    pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS)
  }
})

const isFinal = ({ relays, since }: Outgoing, now: number): boolean => {
  if (remaining(relays).length === 0) return true
  const accepted = Object.values(relays).includes("accepted")
  return accepted && now - since > FAN_OUT_MILLIS
}

/** Asks every relay that may still take the event, once. */
const attempt = (
  runtime: Runtime,
  record: (progress: Progress) => Effect.Effect<void, ServiceError>,
  course: Course,
): Effect.Effect<void, ServiceError> =>
  Effect.suspend(() => {
    const before = course.outgoing
    const onAnswer = (answer: RelayAnswer) =>
      Effect.suspend(() => {
        const { outgoing } = course
        const isFirst = answer.outcome === "accepted" &&
          !Object.values(outgoing.relays).includes("accepted")
        const outcome = afterAnswer(before.relays[answer.relay] ?? "unanswered", answer)
        course.outgoing = { ...outgoing, relays: { ...outgoing.relays, [answer.relay]: outcome } }
        return isFirst
          ? record({ outgoing: course.outgoing, phase: "acknowledged", final: false })
          : Effect.void
      })
    const relays = remaining(before.relays)
    // From here on every relay may have it; an answer may say that it has not.
    course.outgoing = asked(before)
    return runtime.transport.publish(before.event, relays).pipe(
      Stream.mapError(toServiceError),
      Stream.runForEach(onAnswer),
      Effect.catchIf(
        (error): error is ServiceError => error.reason === "no-relay",
        () => Effect.void,
      ),
    )
  })
