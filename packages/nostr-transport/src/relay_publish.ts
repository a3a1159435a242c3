/**
 * Sends one event to one relay and reads the relay's answer.
 *
 * @module
 */
import type { NostrEvent, RelayAnswer } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { refusalAdvice } from "./reason_prefix.ts"
import { reconnectDelay, type ReconnectTiming } from "./reconnect_delay.ts"
import type { RelayConnection } from "./relay_connection.ts"

/** How hard to try. */
export interface PublishLimits {
  /** Milliseconds after which a relay is `unanswered`. */
  readonly totalMillis: number
  /** Milliseconds for getting a connection. */
  readonly connectMillis: number
  /** Times that the event is sent, refused dials included. */
  readonly attempts: number
  /** Waits between them. */
  readonly timing: ReconnectTiming
}

/** What a relay did with the event, without its name. */
type Outcome = Omit<RelayAnswer, "relay">

/**
 * Sends the same bytes until the relay decides, or time or patience is out. Repeating is safe: a
 * relay knows an event by its id. A refusal counts as `rejected` only when no attempt before it may
 * have reached the relay; otherwise the relay is `unanswered`.
 *
 * @param maxMessageBytes what the relay says that it takes, as far as known
 */
export const publishToRelay: (
  relay: string,
  connection: RelayConnection,
  event: NostrEvent,
  limits: PublishLimits,
  maxMessageBytes: () => number | undefined,
) => Effect.Effect<RelayAnswer> = (relay, connection, event, limits, maxMessageBytes) => {
  let last: Outcome = { outcome: "unanswered" }
  let proved = false
  // Once the event went into a socket and no clear answer came, the relay may have it. A later refusal
  // does not take that back: the outcome is `unanswered` then, without the refusal's prefix.
  let inDoubt = false
  const messageBytes = new TextEncoder().encode(JSON.stringify(["EVENT", event])).length

  const attempt = Effect.gen(function* () {
    const live = yield* connection.live.pipe(Effect.timeoutOrElse({
      duration: limits.connectMillis,
      orElse: () => Effect.succeed(undefined),
    }))
    if (live === undefined) return last
    if (!live) return undefined
    // Many relays answer a message that is too large by hanging up, time after time.
    if (messageBytes > (maxMessageBytes() ?? Infinity)) {
      return { outcome: "rejected", prefix: "too-large" } satisfies Outcome
    }
    // An interrupted wait leaves the doubt behind.
    const doubtBefore = inDoubt
    inDoubt = true
    const acknowledgement = yield* connection.exchange(event)
    if (acknowledgement._tag === "Disconnected") return undefined
    if (acknowledgement._tag === "TimedOut") return { outcome: "unanswered" } satisfies Outcome
    const { accepted, prefix } = acknowledgement
    if (accepted || prefix === "duplicate") return { outcome: "accepted" } satisfies Outcome
    // `error` may also mean that the relay failed after it had stored the event.
    inDoubt = doubtBefore || prefix === "error"
    const answer = (outcome: RelayAnswer["outcome"]): Outcome =>
      prefix === undefined ? { outcome } : { outcome, prefix }
    switch (refusalAdvice(prefix)) {
      case "authenticate":
        if (proved) return answer("rejected")
        proved = true
        if (!(yield* connection.authenticate)) return answer("rejected")
        return yield* Effect.succeed("again" as const)
      case "later":
        last = answer("unanswered")
        return undefined
      case "never":
        return answer("rejected")
    }
  })

  const all = Effect.gen(function* () {
    for (let tries = 0; tries < limits.attempts;) {
      const outcome = yield* attempt
      if (outcome === "again") continue
      if (outcome !== undefined) return outcome
      tries += 1
      if (tries < limits.attempts) {
        yield* Effect.sleep(reconnectDelay(limits.timing, tries, yield* Random.next))
      }
    }
    return last
  })

  return all.pipe(
    Effect.timeoutOrElse({
      duration: limits.totalMillis,
      orElse: () => Effect.sync(() => last),
    }),
    Effect.map((outcome): RelayAnswer =>
      inDoubt && outcome.outcome !== "accepted" && outcome.prefix !== "error"
        ? { relay, outcome: "unanswered" }
        : { relay, ...outcome }
    ),
  )
}
