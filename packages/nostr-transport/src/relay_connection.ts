/**
 * The connection to one relay for one identity: dialled while it is needed, and again when it is
 * lost.
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
import type { ConnectionLimits } from "./connection_limits.ts"
import {
  type Acknowledgement,
  type ConnectionFeed,
  type ConnectionSession,
  monotonicMillis,
  openSession,
} from "./connection_session.ts"
import type { WebSocketFactory } from "./platform_socket.ts"
import { reconnectDelay } from "./reconnect_delay.ts"

/** A connection that looks after itself. */
export interface RelayConnection {
  /** The address. */
  readonly url: string
  /** Number of the current session, from 1; 0 while there is none. */
  readonly session: () => number
  /** Takes part until the scope closes: asks now or as soon as the relay is there, and again. */
  readonly attach: (feed: ConnectionFeed) => Effect.Effect<void, never, Scope.Scope>
  /** Waits for the connection; false when dialling failed meanwhile. Counts as a need for it. */
  readonly live: Effect.Effect<boolean>
  /** Sends an event and waits for its `OK`. */
  readonly exchange: (event: NostrEvent) => Effect.Effect<Acknowledgement>
  /** Proves the identity on the current connection; false when that is not possible. */
  readonly authenticate: Effect.Effect<boolean>
  /** Reports that the relay sent something that no honest relay sends. */
  readonly strike: () => void
}

/** Makes a connection; it is given up when the scope closes. */
export const makeRelayConnection: (options: {
  readonly url: string
  readonly identity: SubscriptionIdentity | undefined
  readonly limits: ConnectionLimits
  readonly openSocket: WebSocketFactory
  /** Told of every change; not told of the end. */
  readonly onState: (state: RelayState) => void
  /** Runs beside every session, from its opening; interrupted at its end. */
  readonly beside: Effect.Effect<void>
}) => Effect.Effect<RelayConnection, never, Scope.Scope> = Effect.fnUntraced(
  function* ({ url, identity, limits, openSocket, onState, beside }) {
    const clock = yield* Clock.Clock
    const feeds = new Map<string, ConnectionFeed>()
    const waiting = new Set<Deferred.Deferred<boolean>>()
    const needed = Latch.makeUnsafe(false)
    const impatience = Latch.makeUnsafe(false)
    let phase: "idle" | "connecting" | "live" | "down" = "idle"
    let session: ConnectionSession | undefined
    let sessions = 0
    let downSince = 0

    const tellWaiting = (live: boolean): void => {
      for (const deferred of waiting) Deferred.doneUnsafe(deferred, Exit.succeed(live))
      waiting.clear()
    }

    const updateNeed = (): void => {
      if (feeds.size + waiting.size > 0) needed.openUnsafe()
      else needed.closeUnsafe()
    }

    /** Somebody new needs the relay: a pause that lasts for long already is ended. */
    const hurry = (): void => {
      updateNeed()
      const rested = monotonicMillis(clock) - downSince >= limits.impatienceMillis
      if (phase !== "down" || !rested) return
      phase = "connecting"
      impatience.openUnsafe()
    }

    const oneSession = Effect.gen(function* () {
      const current = yield* openSession({ url, identity, limits, openSocket, feeds })
      yield* Effect.addFinalizer(() => Effect.sync(() => void (session = undefined)))
      session = current
      sessions += 1
      phase = "live"
      onState("live")
      tellWaiting(true)
      updateNeed()
      yield* Effect.forkScoped(beside)
      // Those who come from now on ask by themselves.
      const asking = [...feeds.values()]
      yield* Effect.forkScoped(Effect.forEach(
        asking,
        (feed) =>
          Effect.suspend(() => feeds.has(feed.name) ? current.send(feed.question()) : Effect.void),
        { discard: true },
      ))
      yield* current.over
      return current.openedAt
    }).pipe(Effect.scoped)

    const loop = Effect.gen(function* () {
      let attempt = 0
      for (;;) {
        yield* needed.await
        phase = "connecting"
        onState("connecting")
        const exit = yield* Effect.exit(oneSession)
        downSince = monotonicMillis(clock)
        if (Exit.isSuccess(exit) && downSince - exit.value >= limits.dwellMillis) attempt = 0
        phase = "down"
        impatience.closeUnsafe()
        onState("down")
        tellWaiting(false)
        for (const feed of feeds.values()) feed.onDisconnected()
        updateNeed()
        const pause = reconnectDelay(limits, attempt++, yield* Random.next)
        yield* Effect.raceFirst(Effect.sleep(pause), impatience.await)
      }
    })
    yield* Effect.forkScoped(loop)

    const connection: RelayConnection = {
      url,
      session: () => session === undefined ? 0 : sessions,
      attach: (feed) =>
        Effect.gen(function* () {
          // One step: a session that opens later asks by itself, this one must be asked here.
          const current = yield* Effect.acquireRelease(
            Effect.sync(() => {
              feeds.set(feed.name, feed)
              hurry()
              return session
            }),
            () =>
              Effect.sync(() => {
                feeds.delete(feed.name)
                updateNeed()
                session?.sendNow(["CLOSE", feed.name])
              }),
          )
          if (current !== undefined) yield* current.send(feed.question())
          else if (phase === "down") feed.onDisconnected()
        }),
      live: Effect.suspend(() => {
        if (session !== undefined) return Effect.succeed(true)
        const deferred = Deferred.makeUnsafe<boolean>()
        waiting.add(deferred)
        hurry()
        return Deferred.await(deferred).pipe(Effect.ensuring(Effect.sync(() => {
          waiting.delete(deferred)
          updateNeed()
        })))
      }),
      exchange: (event) =>
        Effect.suspend(() =>
          session === undefined
            ? Effect.succeed<Acknowledgement>({ _tag: "Disconnected" })
            : session.exchange(event)
        ),
      authenticate: Effect.suspend(() => {
        const current = session
        if (current === undefined) return Effect.succeed(false)
        return Effect.tap(current.authenticate, (proved) =>
          Effect.sync(() => {
            if (session === current) onState(proved ? "live" : "auth-needed")
          }))
      }),
      strike: () => session?.strike(),
    }
    return connection
  },
)
