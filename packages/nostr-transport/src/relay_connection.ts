/**
 * The connection to one relay for one identity: dialled while it is needed, dialled again when it is
 * lost, watched for silence.
 *
 * @module
 */
import type { NostrEvent, RelayState, SubscriptionIdentity } from "@mdk/core/services"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import {
  DialError,
  dialSocket,
  type PlatformSocket,
  type WebSocketFactory,
} from "./platform_socket.ts"
import type { ReasonPrefix } from "./reason_prefix.ts"
import { reconnectDelay, type ReconnectTiming } from "./reconnect_delay.ts"
import { readRelayMessage } from "./relay_message.ts"
import { type AuthenticationLimits, SessionAuthentication } from "./session_authentication.ts"
import { type SendRate, TokenBucket } from "./token_bucket.ts"

/** How a connection behaves. */
export interface ConnectionLimits extends ReconnectTiming {
  /** Milliseconds for TCP, TLS and the WebSocket handshake together. */
  readonly dialMillis: number
  /** Silence, in milliseconds, after which the relay is asked for a sign of life. */
  readonly probeAfterMillis: number
  /** Milliseconds that it may take to give one. */
  readonly probeMillis: number
  /** Longest text frame, in UTF-16 units; longer ones are dropped unread. */
  readonly maxFrameLength: number
  /** Unreadable frames after which the connection is dropped. */
  readonly maxStrikes: number
  /** Unsent bytes above which sending waits. */
  readonly maxUnsentBytes: number
  /** Messages to the relay. */
  readonly sendRate: SendRate
  /** NIP-42. */
  readonly authentication: AuthenticationLimits
  /** Milliseconds for an `OK`. */
  readonly acknowledgementMillis: number
}

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

/** A connection that looks after itself. */
export interface RelayConnection {
  /** The address. */
  readonly url: string
  /** Number of the current session, from 1; 0 before the first one is open. */
  readonly session: () => number
  /** Takes part until the scope closes: asks now or as soon as the relay is there, and again. */
  readonly attach: (feed: ConnectionFeed) => Effect.Effect<void, never, Scope.Scope>
  /** Sends a message; false when there is no connection. Waits for rate limit and buffer. */
  readonly send: (message: ReadonlyArray<unknown>) => Effect.Effect<boolean>
  /** Waits for the connection; false when dialling failed meanwhile. Counts as a need for it. */
  readonly live: Effect.Effect<boolean>
  /** Sends an event and waits for its `OK`. */
  readonly exchange: (event: NostrEvent) => Effect.Effect<Acknowledgement>
  /** Proves the identity on the current connection; false when that is not possible. */
  readonly authenticate: Effect.Effect<boolean>
  /** Reports that the relay sent something that no honest relay sends. */
  readonly strike: () => void
}

interface Session {
  readonly number: number
  readonly socket: PlatformSocket
  readonly bucket: TokenBucket
  readonly authentication: SessionAuthentication
  readonly acknowledgements: Map<string, Set<Deferred.Deferred<Acknowledgement>>>
}

const probeName = "probe"
const probeQuestion = ["REQ", probeName, { ids: ["0".repeat(64)], limit: 1 }]

/** Makes a connection; it is given up when the scope closes. */
export const makeRelayConnection: (options: {
  readonly url: string
  readonly identity: SubscriptionIdentity | undefined
  readonly limits: ConnectionLimits
  readonly openSocket: WebSocketFactory
  /** Told of every change; not told of the end. */
  readonly onState: (state: RelayState) => void
}) => Effect.Effect<RelayConnection, never, Scope.Scope> = Effect.fnUntraced(
  function* ({ url, identity, limits, openSocket, onState }) {
    const clock = yield* Clock.Clock
    const now = (): number => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
    const feeds = new Map<string, ConnectionFeed>()
    const waiting = new Set<Deferred.Deferred<boolean>>()
    const needed = Latch.makeUnsafe(false)
    let phase: "idle" | "connecting" | "live" | "down" = "idle"
    let session: Session | undefined
    let sessions = 0

    const tellWaiting = (live: boolean): void => {
      for (const deferred of waiting) Deferred.doneUnsafe(deferred, Exit.succeed(live))
      waiting.clear()
    }

    const updateNeed = (): void => {
      if (feeds.size + waiting.size > 0) needed.openUnsafe()
      else needed.closeUnsafe()
    }

    const sendOn = (to: Session, message: ReadonlyArray<unknown>): Effect.Effect<boolean> =>
      Effect.gen(function* () {
        const wait = to.bucket.take(now())
        if (wait > 0) yield* Effect.sleep(wait)
        while (session === to && to.socket.unsentBytes() > limits.maxUnsentBytes) {
          yield* Effect.sleep(20)
        }
        return session === to && to.socket.send(JSON.stringify(message))
      })

    const send = (message: ReadonlyArray<unknown>): Effect.Effect<boolean> =>
      Effect.suspend(() => session === undefined ? Effect.succeed(false) : sendOn(session, message))

    const exchangeOn = (
      to: Session,
      verb: "EVENT" | "AUTH",
      event: NostrEvent,
    ): Effect.Effect<Acknowledgement> =>
      Effect.suspend(() => {
        const deferred = Deferred.makeUnsafe<Acknowledgement>()
        const others = to.acknowledgements.get(event.id) ?? new Set()
        to.acknowledgements.set(event.id, others.add(deferred))
        return sendOn(to, [verb, event]).pipe(
          Effect.flatMap((sent) =>
            sent
              ? Deferred.await(deferred)
              : Effect.succeed<Acknowledgement>({ _tag: "Disconnected" })
          ),
          Effect.timeoutOrElse({
            duration: limits.acknowledgementMillis,
            orElse: () => Effect.succeed<Acknowledgement>({ _tag: "TimedOut" }),
          }),
          Effect.ensuring(Effect.sync(() => {
            others.delete(deferred)
            if (others.size === 0) to.acknowledgements.delete(event.id)
          })),
        )
      })

    const receive =
      (to: Pick<Session, "acknowledgements" | "authentication">, strike: () => void) =>
      (text: string | undefined): void => {
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
            for (const deferred of to.acknowledgements.get(message.id) ?? []) {
              Deferred.doneUnsafe(deferred, Exit.succeed(answer))
            }
            return
          }
          case "AUTH":
            return to.authentication.challenged(message.challenge)
          case "NOTICE":
            return
          case "unreadable":
            return strike()
        }
      }

    let strike = (): void => undefined

    const oneSession = Effect.gen(function* () {
      const scope = yield* Effect.scope
      const over = Deferred.makeUnsafe<void>()
      const end = (): void => void Deferred.doneUnsafe(over, Exit.void)
      let strikes = 0
      strike = () => {
        if (++strikes >= limits.maxStrikes) end()
      }
      let lastReceived = 0
      const acknowledgements: Session["acknowledgements"] = new Map()
      const authentication: SessionAuthentication = new SessionAuthentication(
        {
          url,
          identity,
          submit: (event) =>
            Effect.suspend(() =>
              session === undefined ? Effect.succeed(false) : Effect.map(
                exchangeOn(session, "AUTH", event),
                (answer) => answer._tag === "Answered" && answer.accepted,
              )
            ),
        },
        limits.authentication,
        scope,
      )
      const read = receive({ acknowledgements, authentication }, strike)
      const socket = yield* dialSocket(url, openSocket, {
        onMessage: (text) => {
          lastReceived = now()
          read(text)
        },
        onEnd: end,
      }).pipe(
        Effect.timeoutOrElse({
          duration: limits.dialMillis,
          orElse: () => Effect.fail(new DialError()),
        }),
      )
      const openedAt = now()
      lastReceived = openedAt
      const bucket = new TokenBucket(limits.sendRate, openedAt)
      const current: Session = {
        number: ++sessions,
        socket,
        bucket,
        authentication,
        acknowledgements,
      }
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          session = undefined
          authentication.end()
          for (const deferred of [...acknowledgements.values()].flatMap((set) => [...set])) {
            Deferred.doneUnsafe(deferred, Exit.succeed<Acknowledgement>({ _tag: "Disconnected" }))
          }
        })
      )
      session = current
      phase = "live"
      onState("live")
      tellWaiting(true)
      updateNeed()
      const ask = Effect.forEach(
        [...feeds.values()],
        (feed) =>
          Effect.suspend(() =>
            feeds.has(feed.name) ? sendOn(current, feed.question()) : Effect.void
          ),
        { discard: true },
      )
      yield* Effect.forkScoped(ask)
      const probe = Effect.gen(function* () {
        for (;;) {
          const silence = now() - lastReceived
          if (silence < limits.probeAfterMillis) {
            yield* Effect.sleep(limits.probeAfterMillis - silence)
            continue
          }
          const askedAt = now()
          yield* sendOn(current, probeQuestion)
          yield* Effect.sleep(limits.probeMillis)
          if (lastReceived < askedAt) return end()
          yield* sendOn(current, ["CLOSE", probeName])
        }
      })
      yield* Effect.forkScoped(probe)
      yield* Deferred.await(over)
      return openedAt
    }).pipe(Effect.scoped)

    const loop = Effect.gen(function* () {
      let attempt = 0
      for (;;) {
        yield* needed.await
        phase = "connecting"
        onState("connecting")
        const exit = yield* Effect.exit(oneSession)
        const dwelled = Exit.isSuccess(exit) &&
          now() - exit.value >= limits.dwellMillis
        if (dwelled) attempt = 0
        phase = "down"
        onState("down")
        tellWaiting(false)
        for (const feed of feeds.values()) feed.onDisconnected()
        updateNeed()
        yield* Effect.sleep(reconnectDelay(limits, attempt++, yield* Random.next))
      }
    })
    yield* Effect.forkScoped(loop)

    const connection: RelayConnection = {
      url,
      session: () => session?.number ?? 0,
      attach: (feed) =>
        Effect.gen(function* () {
          // One step: a session that opens later asks by itself, this one must be asked here.
          const current = yield* Effect.acquireRelease(
            Effect.sync(() => {
              feeds.set(feed.name, feed)
              updateNeed()
              return session
            }),
            () =>
              Effect.suspend(() => {
                feeds.delete(feed.name)
                updateNeed()
                // Best effort, and without waiting for the rate limit: the scope is closing.
                session?.socket.send(JSON.stringify(["CLOSE", feed.name]))
                return Effect.void
              }),
          )
          if (current !== undefined) yield* sendOn(current, feed.question())
          else if (phase === "down") feed.onDisconnected()
        }),
      send,
      live: Effect.suspend(() => {
        if (session !== undefined) return Effect.succeed(true)
        const deferred = Deferred.makeUnsafe<boolean>()
        waiting.add(deferred)
        updateNeed()
        return Deferred.await(deferred).pipe(Effect.ensuring(Effect.sync(() => {
          waiting.delete(deferred)
          updateNeed()
        })))
      }),
      exchange: (event) =>
        Effect.suspend(() =>
          session === undefined
            ? Effect.succeed<Acknowledgement>({ _tag: "Disconnected" })
            : exchangeOn(session, "EVENT", event)
        ),
      authenticate: Effect.suspend(() =>
        session === undefined ? Effect.succeed(false) : session.authentication.authenticate
      ).pipe(Effect.tap((proved) =>
        Effect.sync(() => {
          if (session !== undefined) onState(proved ? "live" : "auth-needed")
        })
      )),
      strike: () => strike(),
    }
    return connection
  },
)
