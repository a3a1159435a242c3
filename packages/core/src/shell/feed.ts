/**
 * One standing question to relays, and the order in which its answers are read.
 *
 * Relays send what they have stored newest first. Reading it in that order would leave the ratchets of
 * busy senders behind, so what comes before a relay's "that is all" is collected, older pages are asked
 * for, and everything is read from the oldest on. Live events are read as they come.
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

/** A relay that sends so many stored events may have more. */
const FULL_PAGE = 400
const MAX_PAGES = 200
const MAX_COLLECTED = 50_000
const PROGRESS_EVERY_MILLIS = 60_000

/** A relay that never says "that is all" is not waited for longer than this. */
const PATIENCE_MILLIS = 10_000

/** Looks at the time when nothing arrives. */
const TICK = "5 seconds"

interface RelayFeed {
  caughtUp: boolean
  since: number
  collected: Array<NostrEvent>
  newest: number
  noted: number
}

/** Asks until interrupted. */
export const runFeed: (
  runtime: Runtime,
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
    const fresh: RelayFeed = { caughtUp: false, since: 0, collected: [], newest: 0, noted: 0 }
    relays.set(relay, fresh)
    return fresh
  }
  const read = Effect.fnUntraced(function* (items: ReadonlyArray<Incoming | undefined>) {
    const now = yield* Clock.currentTimeMillis
    const live: Array<NostrEvent> = []
    const stored: Array<string> = []
    for (const item of items) {
      if (item === undefined) continue
      const relay = stateOf(item.relay)
      if (item._tag === "Stored") stored.push(item.relay)
      else if (item._tag === "Interrupted") {
        relay.caughtUp = false
        sync.set(feed.key, item.relay, "interrupted")
      } else {
        sync.received++
        relay.newest = Math.max(relay.newest, Math.min(item.event.created_at, now / 1000))
        if (relay.caughtUp || relay.collected.length >= MAX_COLLECTED) live.push(item.event)
        else {
          if (relay.collected.length === 0) relay.since = now
          relay.collected.push(item.event)
        }
      }
    }
    if (stored.length > 0) {
      // An event that several relays have is given once: one relay's part alone would have holes.
      const together = [...relays.values()].flatMap(({ collected }) => collected)
      for (const relay of relays.values()) relay.collected = []
      live.push(...together)
      for (const name of stored) {
        live.push(...yield* collectOlder(runtime, feed, name, together))
        stateOf(name).caughtUp = true
      }
    }
    for (const relay of relays.values()) {
      if (relay.collected.length === 0 || now - relay.since < PATIENCE_MILLIS) continue
      live.push(...relay.collected)
      relay.collected = []
    }
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

const oldestFirst = (events: ReadonlyArray<NostrEvent>): ReadonlyArray<NostrEvent> => {
  const unique = new Map(events.map((event) => [event.id, event]))
  return [...unique.values()].sort((a, b) => a.created_at - b.created_at)
}

/** Goes back page by page while a relay's pages are full; only what is new is returned. */
const collectOlder = Effect.fnUntraced(function* (
  runtime: Runtime,
  feed: Feed,
  relay: string,
  known: ReadonlyArray<NostrEvent>,
) {
  const seen = new Set(known.map(({ id }) => id))
  const older: Array<NostrEvent> = []
  let page = known
  for (let i = 0; i < MAX_PAGES && page.length >= FULL_PAGE && older.length < MAX_COLLECTED; i++) {
    const until = page.reduce((min, event) => Math.min(min, event.created_at), Infinity)
    const fetched = yield* runtime.transport.fetch({
      relays: [relay],
      filters: feed.filters.map((filter) => ({ ...filter, until })),
      ...(feed.authenticated ? { identity: runtime.identity } : {}),
    }).pipe(Effect.mapError(toServiceError))
    page = fetched.events
    const fresh = page.filter(({ id }) => !seen.has(id))
    if (fresh.length === 0) break
    for (const { id } of fresh) seen.add(id)
    older.push(...fresh)
  }
  return older
})
