/**
 * One open WebSocket to a relay, from the dial to the end: sending, reading, watching for silence.
 *
 * @module
 */
import type { NostrEvent, SubscriptionIdentity } from "@mdk/core/services"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { ConnectionLimits } from "./connection_limits.ts"
import { DialError, dialSocket, type WebSocketFactory } from "./platform_socket.ts"
import type { ReasonPrefix } from "./reason_prefix.ts"
import { readRelayMessage } from "./relay_message.ts"
import { SessionAuthentication } from "./session_authentication.ts"
import { TokenBucket } from "./token_bucket.ts"

/** One subscription's end of a connection. All calls are synchronous and must not throw. */
export interface ConnectionFeed {
  /** The subscription's name on the wire. */
  readonly name: string
  /** The `REQ` message; asked for again after every reconnect. */
  readonly question: () => ReadonlyArray<unknown>
  /** An event of well-formed shape; nothing is verified. `length` is that of its frame. */
  readonly onEvent: (event: NostrEvent, length: number) => void
  /** `EOSE`. */
  readonly onStored: () => void
  /** `CLOSED`. */
  readonly onClosed: (prefix: ReasonPrefix | undefined) => void
  /** The connection is lost, or could not be made. */
  readonly onDisconnected: () => void
}

/** What became of a sent event. */
export type Acknowledgement =
  | {
    readonly _tag: "Answered"
    readonly accepted: boolean
    readonly prefix: ReasonPrefix | undefined
  }
  | { readonly _tag: "Disconnected" }
  | { readonly _tag: "TimedOut" }

/** An open connection. */
export interface ConnectionSession {
  /** When it was opened, in milliseconds of the monotonic clock. */
  readonly openedAt: number
  /** Sends a message; false when the session is over. Waits for rate limit and buffer. */
  readonly send: (message: ReadonlyArray<unknown>) => Effect.Effect<boolean>
  /** Sends at once, best effort. */
  readonly sendNow: (message: ReadonlyArray<unknown>) => void
  /** Sends an event and waits for its `OK`. */
  readonly exchange: (event: NostrEvent) => Effect.Effect<Acknowledgement>
  /** Proves the identity; false when that is not possible. */
  readonly authenticate: Effect.Effect<boolean>
  /** Counts something that no honest relay sends; too much of it ends the session. */
  readonly strike: () => void
  /** Done when the connection is lost or was given up. */
  readonly over: Effect.Effect<void>
}

/** The monotonic clock in milliseconds. */
export const monotonicMillis = (clock: Clock.Clock): number =>
  Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)

const probeName = "probe"
const probeQuestion = ["REQ", probeName, { ids: ["0".repeat(64)], limit: 1 }]
const disconnected: Acknowledgement = { _tag: "Disconnected" }

/** Dials; the session ends with the scope. Messages for feeds go to whoever is in `feeds` then. */
export const openSession: (options: {
  readonly url: string
  readonly identity: SubscriptionIdentity | undefined
  readonly limits: ConnectionLimits
  readonly openSocket: WebSocketFactory
  readonly feeds: ReadonlyMap<string, ConnectionFeed>
}) => Effect.Effect<ConnectionSession, DialError, Scope.Scope> = Effect.fnUntraced(
  function* ({ url, identity, limits, openSocket, feeds }) {
    const scope = yield* Effect.scope
    const clock = yield* Clock.Clock
    const over = Deferred.makeUnsafe<void>()
    const end = (): void => void Deferred.doneUnsafe(over, Exit.void)
    const acknowledgements = new Map<string, Set<Deferred.Deferred<Acknowledgement>>>()
    let alive = false
    let strikes = 0
    let lastReceived = 0

    const strike = (): void => {
      if (++strikes >= limits.maxStrikes) end()
    }

    const exchange = (
      verb: "EVENT" | "AUTH",
      event: NostrEvent,
    ): Effect.Effect<Acknowledgement> =>
      Effect.suspend(() => {
        const deferred = Deferred.makeUnsafe<Acknowledgement>()
        const others = acknowledgements.get(event.id) ?? new Set()
        acknowledgements.set(event.id, others.add(deferred))
        return send([verb, event]).pipe(
          Effect.flatMap((sent) => sent ? Deferred.await(deferred) : Effect.succeed(disconnected)),
          Effect.timeoutOrElse({
            duration: limits.acknowledgementMillis,
            orElse: () => Effect.succeed<Acknowledgement>({ _tag: "TimedOut" }),
          }),
          Effect.ensuring(Effect.sync(() => {
            others.delete(deferred)
            if (others.size === 0) acknowledgements.delete(event.id)
          })),
        )
      })

    const authentication = new SessionAuthentication(
      {
        url,
        identity,
        submit: (event) =>
          Effect.map(
            exchange("AUTH", event),
            (answer) => answer._tag === "Answered" && answer.accepted,
          ),
      },
      limits.authentication,
      scope,
    )

    const read = (text: string | undefined): void => {
      if (text === undefined || text.length > limits.maxFrameLength) return strike()
      const message = readRelayMessage(text)
      switch (message.verb) {
        case "EVENT":
          return feeds.get(message.subscription)?.onEvent(message.event, text.length)
        case "EOSE":
          return feeds.get(message.subscription)?.onStored()
        case "CLOSED":
          return feeds.get(message.subscription)?.onClosed(message.prefix)
        case "OK": {
          const { accepted, prefix } = message
          const answer: Acknowledgement = { _tag: "Answered", accepted, prefix }
          for (const deferred of acknowledgements.get(message.id) ?? []) {
            Deferred.doneUnsafe(deferred, Exit.succeed(answer))
          }
          return
        }
        case "AUTH":
          return authentication.challenged(message.challenge)
        case "NOTICE":
          return
        case "unreadable":
          return strike()
      }
    }

    const socket = yield* dialSocket(url, openSocket, {
      onMessage: (text) => {
        lastReceived = monotonicMillis(clock)
        read(text)
      },
      onEnd: end,
    }).pipe(Effect.timeoutOrElse({
      duration: limits.dialMillis,
      orElse: () => Effect.fail(new DialError()),
    }))
    alive = true
    const openedAt = monotonicMillis(clock)
    lastReceived = openedAt
    const bucket = new TokenBucket(limits.sendRate, openedAt)

    const send = (message: ReadonlyArray<unknown>): Effect.Effect<boolean> =>
      Effect.gen(function* () {
        const wait = bucket.take(monotonicMillis(clock))
        if (wait > 0) yield* Effect.sleep(wait)
        while (alive && socket.unsentBytes() > limits.maxUnsentBytes) yield* Effect.sleep(20)
        return alive && socket.send(JSON.stringify(message))
      })

    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        alive = false
        authentication.end()
        for (const deferred of [...acknowledgements.values()].flatMap((set) => [...set])) {
          Deferred.doneUnsafe(deferred, Exit.succeed(disconnected))
        }
      })
    )

    yield* Effect.forkScoped(Effect.gen(function* () {
      for (;;) {
        const silence = monotonicMillis(clock) - lastReceived
        if (silence < limits.probeAfterMillis) {
          yield* Effect.sleep(limits.probeAfterMillis - silence)
          continue
        }
        const askedAt = monotonicMillis(clock)
        yield* send(probeQuestion)
        yield* Effect.sleep(limits.probeMillis)
        if (lastReceived < askedAt) return end()
        yield* send(["CLOSE", probeName])
      }
    }))

    return {
      openedAt,
      send,
      sendNow: (message) => void (alive && socket.send(JSON.stringify(message))),
      exchange: (event) => exchange("EVENT", event),
      authenticate: authentication.authenticate,
      strike,
      over: Deferred.await(over),
    }
  },
)
