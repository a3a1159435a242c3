/**
 * `Transport` over Nostr relays: the platform's WebSocket below, nothing trusted above.
 *
 * @module
 */
import {
  type Fetched,
  type Incoming,
  type NostrEvent,
  type RelayAnswer,
  type Subscription,
  type SubscriptionIdentity,
  Transport,
  TransportError,
  type TransportService,
} from "@mdk/core/services"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { readEvent } from "./event_shape.ts"
import { hasOwnId } from "./event_verification.ts"
import { newestFirst } from "./filter.ts"
import { RelayHints } from "./relay_hints.ts"
import { RecentMap } from "./recent_map.ts"
import { relayAddress } from "./relay_address.ts"
import { runRelayFeed } from "./relay_feed.ts"
import { makeRelayPool } from "./relay_pool.ts"
import { publishToRelay } from "./relay_publish.ts"
import { type NostrTransportOptions, transportSettings } from "./transport_options.ts"
import { VerifiedEvents } from "./verified_events.ts"

/** Events that are remembered as given, per subscription, and as genuine, per transport. */
const rememberedEvents = 20_000

/** Answers of so many events may be cut off by a relay's own limit: the rest is asked for. */
const pageSize = 50

/** Events that wait for a subscriber who is busy; then relays are read no further. */
const subscriberBuffer = 256

const fail = (
  operation: TransportError["operation"],
  reason: TransportError["reason"],
): TransportError => new TransportError({ operation, reason })

const make = Effect.fnUntraced(function* (options: NostrTransportOptions) {
  const settings = transportSettings(options)
  const closed = Deferred.makeUnsafe<void>()
  const hints = new RelayHints(settings.relayInformation)
  const pool = yield* makeRelayPool({
    hints,
    limits: settings.connection,
    openSocket: settings.openSocket,
    idleMillis: settings.idleMillis,
  })
  // Registered last, so it runs first: who still waits is told before the connections go away.
  yield* Effect.addFinalizer(() => Deferred.succeed(closed, undefined))
  const verified = new VerifiedEvents(settings.verifySignature, rememberedEvents)
  let names = 0
  const newName = (): string => `q${++names}`

  /** Fails as soon as the transport is closed. */
  const untilClosed = (operation: TransportError["operation"]) =>
    Deferred.await(closed).pipe(Effect.andThen(Effect.fail(fail(operation, "closed"))))

  const address = (relay: string): string | undefined => relayAddress(relay, settings.allowPrivate)

  const feed = (
    relay: string,
    question: Pick<Subscription, "filters" | "overlapSeconds" | "identity">,
    given: RecentMap<true>,
    emit: (incoming: Incoming) => Effect.Effect<unknown>,
  ): Effect.Effect<never> =>
    Effect.gen(function* () {
      const dialable = address(relay)
      if (dialable === undefined) {
        yield* emit({ _tag: "Interrupted", relay, reason: "refused" })
        return yield* Effect.never
      }
      return yield* runRelayFeed({
        relay,
        connection: yield* pool.get(dialable, question.identity),
        newName,
        filters: structuredClone(question.filters),
        overlapSeconds: question.overlapSeconds,
        verified,
        given,
        inbox: settings.inbox,
        timing: settings.connection,
        pageSize: () => Math.min(pageSize, hints.of(dialable).maxLimit ?? pageSize),
        pageMillis: 30_000,
        emit,
      })
    }).pipe(Effect.scoped)

  const publish = (
    event: NostrEvent,
    relays: ReadonlyArray<string>,
    identity?: SubscriptionIdentity,
  ): Stream.Stream<RelayAnswer, TransportError> =>
    Stream.unwrap(Effect.gen(function* () {
      if (Deferred.isDoneUnsafe(closed)) return yield* Effect.fail(fail("publish", "closed"))
      const distinct = [...new Set(relays)]
      if (distinct.length === 0) return yield* Effect.fail(fail("publish", "no-relay"))
      const plain = readEvent(event)
      if (plain === undefined || !hasOwnId(plain) || !(yield* verified.check(plain))) {
        return yield* Effect.fail(fail("publish", "invalid-event"))
      }
      if (new TextEncoder().encode(JSON.stringify(plain)).length > settings.maxEventBytes) {
        return yield* Effect.fail(fail("publish", "too-large"))
      }
      const toOne = (relay: string): Effect.Effect<RelayAnswer> =>
        Effect.gen(function* () {
          const dialable = address(relay)
          if (dialable === undefined) return { relay, outcome: "rejected" } satisfies RelayAnswer
          const connection = yield* pool.get(dialable, identity)
          return yield* publishToRelay(
            relay,
            connection,
            plain,
            settings.publish,
            () => hints.of(dialable).maxMessageBytes,
          )
        }).pipe(Effect.scoped)
      return Stream.fromIterable(distinct).pipe(
        Stream.mapEffect(
          (relay) => Effect.raceFirst(toOne(relay), untilClosed("publish")),
          { concurrency: "unbounded", unordered: true },
        ),
      )
    }))

  const subscribe = (question: Subscription): Stream.Stream<Incoming, TransportError> => {
    const relays = [...new Set(question.relays)]
    if (relays.length === 0) return Stream.empty
    return Stream.callback<Incoming, TransportError>((queue) =>
      Effect.gen(function* () {
        const given = new RecentMap<true>(rememberedEvents)
        const emit = (incoming: Incoming) => Queue.offer(queue, incoming)
        yield* Effect.raceFirst(
          Effect.forEach(relays, (relay) => feed(relay, question, given, emit), {
            concurrency: "unbounded",
            discard: true,
          }),
          Deferred.await(closed),
        )
        yield* Queue.fail(queue, fail("subscribe", "closed"))
      }), { bufferSize: subscriberBuffer, strategy: "suspend" })
  }

  const fetch: TransportService["fetch"] = Effect.fn("Transport.fetch")(function* (question) {
    if (Deferred.isDoneUnsafe(closed)) return yield* Effect.fail(fail("fetch", "closed"))
    const relays = [...new Set(question.relays)]
    if (relays.length === 0) return yield* Effect.fail(fail("fetch", "no-relay"))
    const events = new Map<string, NostrEvent>()
    const given = new RecentMap<true>(rememberedEvents)
    const fromOne = (relay: string): Effect.Effect<boolean> =>
      Effect.gen(function* () {
        const answer = Deferred.makeUnsafe<boolean>()
        const emit = (incoming: Incoming) =>
          Effect.sync(() => {
            if (incoming._tag === "Event") events.set(incoming.event.id, incoming.event)
            else Deferred.doneUnsafe(answer, Exit.succeed(incoming._tag === "Stored"))
          })
        const asked = { ...question, overlapSeconds: 0 }
        return yield* Effect.raceFirst(feed(relay, asked, given, emit), Deferred.await(answer))
      }).pipe(Effect.timeoutOrElse({
        duration: question.timeoutMillis ?? 5000,
        orElse: () => Effect.succeed(false),
      }))
    const answers = yield* Effect.raceFirst(
      Effect.forEach(
        relays,
        (relay) => Effect.map(fromOne(relay), (complete) => ({ relay, complete })),
        { concurrency: "unbounded" },
      ),
      untilClosed("fetch"),
    )
    return {
      events: [...events.values()].sort(newestFirst),
      complete: answers.filter((answer) => answer.complete).map((answer) => answer.relay),
      partial: answers.filter((answer) => !answer.complete).map((answer) => answer.relay),
    } satisfies Fetched
  })

  const service: TransportService = {
    relays: settings.relays,
    maxEventBytes: settings.maxEventBytes,
    publish,
    subscribe,
    fetch,
    states: pool.states,
  }
  return service
})

/** `Transport` over Nostr relays. */
export const NostrTransport: {
  /**
   * A transport for as long as the scope lives. Closing it ends every socket and timer at once;
   * calls that are still running fail with `closed`.
   */
  readonly make: (
    options: NostrTransportOptions,
  ) => Effect.Effect<TransportService, never, Scope.Scope>
  /** Provides {@link NostrTransport.make}. Nothing is dialled before it is needed. */
  readonly layer: (options: NostrTransportOptions) => Layer.Layer<Transport>
} = {
  make,
  layer: (options) => Layer.effect(Transport, make(options)),
}
