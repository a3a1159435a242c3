/**
 * One subscription of a memory transport at one relay: stored events, live events, and the same
 * again after every cut.
 *
 * @module
 */
import type { Filter, Incoming, NostrEvent, RelayState, Subscription } from "@mdk/core/services"
import { matchesAnyFilter, relayAddress } from "@mdk/nostr-transport"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { clockSeconds, happens, linkDelay, proveAccount } from "./memory_link.ts"
import type { MemoryRelay, MemoryRelays, MemorySession } from "./memory_relay.ts"

/** What is asked of whom. */
export interface MemoryFeedOptions {
  /** The relay, as the caller wrote it. */
  readonly address: string
  readonly question: Pick<Subscription, "filters" | "overlapSeconds" | "identity">
  readonly client: string
  readonly network: MemoryRelays
  /** Ids that the subscription gave already, from whichever relay. */
  readonly given: Set<string>
  /** Takes what the relay gives; may wait. */
  readonly emit: (incoming: Incoming) => Effect.Effect<unknown>
  /** Takes the state of the link. */
  readonly setState: (address: string, state: RelayState) => void
}

/** Serves the question until it is interrupted. */
export const followRelay = (options: MemoryFeedOptions): Effect.Effect<never> => {
  const { address, question, client, network, given, emit, setState } = options
  /** Newest `created_at` up to which everything stored was received. */
  let cursor: number | undefined
  let newest: number | undefined
  let told: string | undefined

  const trouble = (reason: "disconnected" | "auth-required" | "refused") =>
    Effect.suspend(() => {
      if (told === reason) return Effect.void
      told = reason
      return emit({ _tag: "Interrupted", relay: address, reason })
    })

  const give = (event: NostrEvent) =>
    Effect.gen(function* () {
      if (!matchesAnyFilter(question.filters, event) || !network.isGenuine(event)) return
      newest = Math.max(newest ?? 0, Math.min(event.created_at, yield* clockSeconds))
      if (given.has(event.id)) return
      given.add(event.id)
      const incoming: Incoming = { _tag: "Event", relay: address, event }
      yield* emit(incoming)
      if (happens(network, network.conditions.duplication)) yield* emit(incoming)
    })

  const asked = (): ReadonlyArray<Filter> => {
    const from = cursor
    if (from === undefined) return question.filters
    return question.filters.map(({ limit: _, ...filter }) => ({
      ...filter,
      since: Math.max(filter.since ?? 0, from - question.overlapSeconds, 0),
    }))
  }

  const serve = (
    relay: MemoryRelay,
    accounts: ReadonlyArray<string>,
    live: Queue.Dequeue<NostrEvent>,
  ) =>
    Effect.gen(function* () {
      yield* linkDelay(network)
      if (relay.silent) return yield* Effect.never
      for (const event of relay.query(asked(), accounts, yield* clockSeconds)) {
        if (!happens(network, network.conditions.loss)) yield* give(event)
      }
      cursor = newest
      told = undefined
      yield* emit({ _tag: "Stored", relay: address })
      for (;;) {
        const event = yield* Queue.take(live)
        if (happens(network, network.conditions.loss)) continue
        if (network.conditions.delayMillis === undefined) yield* give(event)
        else yield* Effect.forkScoped(Effect.andThen(linkDelay(network), give(event)))
        cursor = newest
      }
    })

  const session = (relay: MemoryRelay, accounts: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const live = yield* Queue.unbounded<NostrEvent>()
      const served: MemorySession = {
        client,
        accounts,
        filters: question.filters,
        offer: (event) => void Queue.offerUnsafe(live, event),
        cut: Deferred.makeUnsafe<void>(),
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => relay.open(served)),
        (stop) => Effect.sync(stop),
      )
      setState(address, "live")
      yield* Effect.raceFirst(serve(relay, accounts, live), Deferred.await(served.cut))
    }).pipe(Effect.scoped)

  return Effect.gen(function* () {
    if (relayAddress(address, true) === undefined) {
      yield* trouble("refused")
      return yield* Effect.never
    }
    const relay = network.relay(address)
    for (;;) {
      const change = network.nextChange
      if (relay === undefined || !network.isReachable(client, relay)) {
        setState(address, "down")
        yield* trouble("disconnected")
        yield* Deferred.await(change)
        continue
      }
      const proof = yield* proveAccount(network, relay, question.filters, question.identity)
      if (typeof proof === "string") {
        setState(address, proof === "auth-required" ? "auth-needed" : "live")
        yield* trouble(proof)
        yield* Deferred.await(change)
        continue
      }
      yield* session(relay, proof.accounts)
      setState(address, "down")
      yield* trouble("disconnected")
    }
  })
}
