/**
 * One standing question to relays, and the order in which its answers are read.
 *
 * Relays send what they have stored newest first. Reading it in that order would leave the ratchets of
 * busy senders behind, so what comes before a relay's "that is all" is collected and read from the oldest
 * on. At the beginning nothing is read before every relay has said it: the quicker one may lack what the
 * slower one is about to tell. Then live events are read as they come.
 *
 * @module
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type { ServiceError } from "../api/errors.ts"
import type { Filter, NostrEvent } from "../services/nostr_event.ts"
import type { Incoming } from "../services/transport.ts"
import { toServiceError } from "./failure.ts"
import type { Runtime } from "./runtime.ts"
import type { SyncState } from "./sync_state.ts"

/** A standing question. */
export interface Feed {
  /** Name among the questions that are asked now. */
  readonly key: string
  /** Where. */
  readonly relays: ReadonlyArray<string>
  /** What. */
  readonly filters: ReadonlyArray<Filter>
  /** See `Subscription`. */
  readonly overlapSeconds: number
  /** True for questions that relays answer to the account only. */
  readonly authenticated: boolean
  /** Stores events, oldest first; nothing is forgotten when it fails. */
  readonly take: (events: ReadonlyArray<NostrEvent>) => Effect.Effect<void, ServiceError>
  /** Notes that everything up to a time (Unix seconds) is stored from a relay. */
  readonly passed: (relay: string, seconds: number) => Effect.Effect<void, ServiceError>
}

/** Most stored events that are put in order at once. */
const MAX_COLLECTED = 50_000
/** Most characters of their contents. What is beyond is read in the order in which it comes. */
const MAX_CHARACTERS = 32 * 1024 * 1024
const PROGRESS_EVERY_MILLIS = 60_000

/** A relay that never says "that is all" is not waited for longer than this. */
const PATIENCE_MILLIS = 10_000
/** One that says nothing at all is not waited for so long when another one has said it. */
const SILENCE_MILLIS = 3_000

/** Looks at the time when nothing arrives. */
const TICK = "1 second"

interface RelayFeed {
  /** Said "that is all", or cannot. */
  settled: boolean
  caughtUp: boolean
  since: number
  collected: Array<NostrEvent>
  newest: number
  noted: number
}

/** Asks until interrupted. */
export const runFeed: (
  runtime: Pick<Runtime, "transport" | "identity">,
  sync: SyncState,
  feed: Feed,
) => Effect.Effect<void, ServiceError> = Effect.fn("Mdk.feed")(function* (runtime, sync, feed) {
  sync.begin(feed.key, feed.relays)
  // What did not end by an interruption is still to be asked: that is not caught up.
  yield* Effect.addFinalizer((exit) =>
    Effect.sync(() => {
      if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) sync.fail(feed.key)
      else sync.end(feed.key)
    })
  )
  const relays = new Map<string, RelayFeed>()
  const stateOf = (relay: string): RelayFeed => {
    const found = relays.get(relay)
    if (found !== undefined) return found
    const fresh: RelayFeed = {
      settled: false,
      caughtUp: false,
      since: 0,
      collected: [],
      newest: 0,
      noted: 0,
    }
    relays.set(relay, fresh)
    return fresh
  }
  /** Since a relay has said "that is all", while others are waited for. */
  let heldSince: number | undefined
  let holding = true
  /** Who has said it, while what they have is not read. */
  let said: Array<string> = []
  const isOverdue = (relay: RelayFeed, now: number): boolean =>
    relay.collected.length > 0 && now - relay.since >= PATIENCE_MILLIS
  const mustHold = (now: number): boolean => {
    const open = feed.relays.map(stateOf).filter(({ settled }) => !settled)
    if (open.length === 0) return false
    if (heldSince === undefined || now - heldSince < SILENCE_MILLIS) return true
    return open.some((relay) => relay.collected.length > 0 && !isOverdue(relay, now))
  }
  let collected = 0
  let characters = 0
  const takeCollected = (): ReadonlyArray<NostrEvent> => {
    const all = [...relays.values()].flatMap((relay) => relay.collected)
    for (const relay of relays.values()) relay.collected = []
    collected = 0
    characters = 0
    return all
  }
  const read = Effect.fnUntraced(function* (items: ReadonlyArray<Incoming | undefined>) {
    const now = yield* Clock.currentTimeMillis
    const live: Array<NostrEvent> = []
    for (const item of items) {
      if (item === undefined) continue
      const relay = stateOf(item.relay)
      if (item._tag === "Stored") {
        relay.settled = true
        said.push(item.relay)
        heldSince ??= now
      } else if (item._tag === "Interrupted") {
        relay.settled = true
        relay.caughtUp = false
        said = said.filter((name) => name !== item.relay)
        sync.set(feed.key, item.relay, "interrupted")
      } else {
        sync.received++
        relay.newest = Math.max(relay.newest, Math.min(item.event.created_at, now / 1000))
        if (relay.caughtUp) live.push(item.event)
        else {
          if (relay.collected.length === 0) relay.since = now
          relay.collected.push(item.event)
          collected++
          characters += item.event.content.length
          if (collected >= MAX_COLLECTED || characters >= MAX_CHARACTERS) {
            yield* feed.take(oldestFirst([...takeCollected(), ...live.splice(0)]))
          }
        }
      }
    }
    holding = holding && mustHold(now)
    const stored = holding ? [] : said.splice(0)
    // An event that several relays have is given once: one relay's part alone would have holes.
    if (stored.length > 0 || [...relays.values()].some((relay) => isOverdue(relay, now))) {
      for (const event of takeCollected()) live.push(event)
    }
    for (const name of stored) stateOf(name).caughtUp = true
    if (live.length > 0) yield* feed.take(oldestFirst(live))
    for (const [name, relay] of relays) {
      const due = stored.includes(name) || now - relay.noted > PROGRESS_EVERY_MILLIS
      if (!relay.caughtUp || !due || relay.newest === 0) continue
      relay.noted = now
      yield* feed.passed(name, Math.trunc(relay.newest))
    }
    for (const name of stored) sync.set(feed.key, name, "stored")
  })
  yield* runtime.transport.subscribe({
    relays: feed.relays,
    filters: feed.filters,
    overlapSeconds: feed.overlapSeconds,
    ...(feed.authenticated ? { identity: runtime.identity } : {}),
  }).pipe(
    Stream.mapError(toServiceError),
    Stream.merge(Stream.map(Stream.tick(TICK), () => undefined), { haltStrategy: "left" }),
    Stream.runForEachArray(read),
  )
}, Effect.scoped)

/** Each event once, the oldest first. */
export const oldestFirst = (events: ReadonlyArray<NostrEvent>): ReadonlyArray<NostrEvent> => {
  const unique = new Map(events.map((event) => [event.id, event]))
  return [...unique.values()].sort((a, b) => a.created_at - b.created_at)
}
