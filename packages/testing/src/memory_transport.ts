/**
 * A `Transport` without sockets, for tests and simulations: the same contract over
 * {@link MemoryRelays}, whose links lose, delay, duplicate and part as they are told. Time is
 * Effect's clock, chance comes from a seed.
 *
 * @module
 */
import {
  type Incoming,
  type NostrEvent,
  type RelayAnswer,
  type RelayState,
  Transport,
  TransportError,
  type TransportService,
} from "@mdk/core/services"
import {
  hasOwnId,
  newestFirst,
  reasonPrefix,
  refusalAdvice,
  relayAddress,
} from "@mdk/nostr-transport"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { followRelay } from "./memory_feed.ts"
import { clockSeconds, happens, linkDelay, proveAccount } from "./memory_link.ts"
import type { MemoryRelays } from "./memory_relay.ts"

/** Options of one memory transport. */
export interface MemoryTransportOptions {
  /** The shared relays. */
  readonly network: MemoryRelays
  /** Relays for an account that has no lists yet. */
  readonly relays: ReadonlyArray<string>
  /** Whose links these are, for partitions; default `client`. */
  readonly client?: string
  /** Largest serialized event in bytes; default 65 536. */
  readonly maxEventBytes?: number
  /** Milliseconds after which a relay is `unanswered`; default 1000. */
  readonly answerMillis?: number
}

const fail = (
  operation: TransportError["operation"],
  reason: TransportError["reason"],
): TransportError => new TransportError({ operation, reason })

const make = Effect.fnUntraced(function* (options: MemoryTransportOptions) {
  const { network, client = "client", maxEventBytes = 65_536, answerMillis = 1000 } = options
  const closed = Deferred.makeUnsafe<void>()
  const states = new Map<string, RelayState>()
  const changes = yield* PubSub.sliding<ReadonlyMap<string, RelayState>>({
    capacity: 256,
    replay: 1,
  })
  const setState = (relay: string, state: RelayState): void => {
    if (states.get(relay) === state) return
    states.set(relay, state)
    PubSub.publishUnsafe(changes, new Map(states))
  }
  PubSub.publishUnsafe(changes, new Map())
  yield* Effect.addFinalizer(() => Deferred.succeed(closed, undefined))

  const untilClosed = (operation: TransportError["operation"]) =>
    Deferred.await(closed).pipe(Effect.andThen(Effect.fail(fail(operation, "closed"))))

  const publishTo = (relay: string, event: NostrEvent): Effect.Effect<RelayAnswer> =>
    Effect.gen(function* () {
      if (relayAddress(relay, true) === undefined) return { relay, outcome: "rejected" }
      const there = network.relay(relay)
      const unanswered: RelayAnswer = { relay, outcome: "unanswered" }
      if (there === undefined || !network.isReachable(client, there)) return unanswered
      yield* linkDelay(network)
      if (!network.isReachable(client, there)) return unanswered
      if (there.silent || happens(network, network.conditions.loss)) {
        yield* Effect.sleep(answerMillis)
        return unanswered
      }
      const refusal = there.accept(event, yield* clockSeconds)
      yield* linkDelay(network)
      if (!network.isReachable(client, there)) return unanswered
      if (happens(network, network.conditions.loss)) {
        yield* Effect.sleep(answerMillis)
        return unanswered
      }
      if (refusal === undefined) return { relay, outcome: "accepted" }
      const prefix = reasonPrefix(refusal)
      const outcome = refusalAdvice(prefix) === "later" ? "unanswered" : "rejected"
      return { relay, outcome, ...(prefix === undefined ? {} : { prefix }) }
    })

  const publish: TransportService["publish"] = (event, relays) =>
    Stream.unwrap(Effect.gen(function* () {
      if (Deferred.isDoneUnsafe(closed)) return yield* Effect.fail(fail("publish", "closed"))
      const distinct = [...new Set(relays)]
      if (distinct.length === 0) return yield* Effect.fail(fail("publish", "no-relay"))
      if (!hasOwnId(event) || !network.isGenuine(event)) {
        return yield* Effect.fail(fail("publish", "invalid-event"))
      }
      if (new TextEncoder().encode(JSON.stringify(event)).length > maxEventBytes) {
        return yield* Effect.fail(fail("publish", "too-large"))
      }
      return Stream.fromIterable(distinct).pipe(
        Stream.mapEffect(
          (relay) => Effect.raceFirst(publishTo(relay, event), untilClosed("publish")),
          { concurrency: "unbounded", unordered: true },
        ),
      )
    }))

  const subscribe: TransportService["subscribe"] = (question) => {
    const relays = [...new Set(question.relays)]
    if (relays.length === 0) return Stream.empty
    return Stream.callback<Incoming, TransportError>((queue) =>
      Effect.gen(function* () {
        const given = new Set<string>()
        const emit = (incoming: Incoming) => Queue.offer(queue, incoming)
        yield* Effect.raceFirst(
          Effect.forEach(relays, (relay) =>
            followRelay({ address: relay, question, client, network, given, emit, setState }), {
            concurrency: "unbounded",
            discard: true,
          }),
          Deferred.await(closed),
        )
        yield* Queue.fail(queue, fail("subscribe", "closed"))
      }), { bufferSize: 256, strategy: "suspend" })
  }

  const fetch: TransportService["fetch"] = Effect.fn("Transport.fetch")(function* (question) {
    if (Deferred.isDoneUnsafe(closed)) return yield* Effect.fail(fail("fetch", "closed"))
    const relays = [...new Set(question.relays)]
    if (relays.length === 0) return yield* Effect.fail(fail("fetch", "no-relay"))
    const events = new Map<string, NostrEvent>()
    const fromOne = (address: string): Effect.Effect<boolean> =>
      Effect.gen(function* () {
        const relay = network.relay(address)
        if (relay === undefined || !network.isReachable(client, relay)) return false
        const proof = yield* proveAccount(network, relay, question.filters, question.identity)
        if (typeof proof === "string") return false
        yield* linkDelay(network)
        if (relay.silent || happens(network, network.conditions.loss)) return yield* Effect.never
        for (const event of relay.query(question.filters, proof.accounts, yield* clockSeconds)) {
          if (network.isGenuine(event)) events.set(event.id, event)
        }
        return network.isReachable(client, relay)
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
    }
  })

  const service: TransportService = {
    relays: options.relays,
    maxEventBytes,
    publish,
    subscribe,
    fetch,
    states: Stream.fromPubSub(changes),
  }
  return service
})

/** `Transport` over {@link MemoryRelays}. */
export const MemoryTransport: {
  /** A transport for as long as the scope lives. */
  readonly make: (
    options: MemoryTransportOptions,
  ) => Effect.Effect<TransportService, never, Scope.Scope>
  /** Provides {@link MemoryTransport.make}. */
  readonly layer: (options: MemoryTransportOptions) => Layer.Layer<Transport>
} = {
  make,
  layer: (options) => Layer.effect(Transport, make(options)),
}
