/**
 * Which questions are asked: gift wraps for the account, and the traffic of all groups, one question
 * for all groups that share their relays. Asked anew when groups or their addresses change.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Option from "effect/Option"
import type { ServiceError } from "../api/errors.ts"
import { decodeRecord, type RouteRecord, ROUTES } from "../group/mod.ts"
import { NostrKind } from "../nostr/mod.ts"
import { MAX_PAGE } from "../services/mod.ts"
import type { Filter, NostrEvent } from "../services/nostr_event.ts"
import type { PageQuery } from "../services/storage.ts"
import { accountRelays } from "./account_relays.ts"
import { batchesOf } from "./event_batches.ts"
import { toServiceError } from "./failure.ts"
import { type Feed, oldestFirst, runFeed } from "./feed.ts"
import { ROUTES_BELL } from "./group_store.ts"
import { joinTimeOf, joinTimeVerb } from "./join_time.ts"
import { persistently } from "./patience.ts"
import { progressVerb, readProgress, WRAPS_PLACE } from "./relay_progress.ts"
import { isDamage, type Runtime } from "./runtime.ts"
import type { SyncState } from "./sync_state.ts"

/** Gift wraps are dated up to two days back. */
const WRAP_OVERLAP_SECONDS = 3 * 24 * 3600
/** What was written offline is dated before it was published: so we look further back. */
const GROUP_OVERLAP_SECONDS = 24 * 3600
/** At a start further still: asking twice is cheap, what is missed is missed for ever. */
const GROUP_START_SECONDS = 7 * 24 * 3600
/** Clocks differ: what is dated so long before a group was joined may still be for us. */
const CLOCK_MARGIN_SECONDS = 24 * 3600

/** What feeds hand events to. */
export interface FeedSupport {
  /** The account. */
  readonly runtime: Runtime
  /** Progress of catching up. */
  readonly sync: SyncState
  /** Takes one gift wrap in. */
  readonly takeWrap: (event: NostrEvent) => Effect.Effect<void, ServiceError>
  /** Takes a batch of events of one group in, oldest first; false when its copy cannot be read. */
  readonly takeGroupEvents: (
    group: string,
    events: ReadonlyArray<NostrEvent>,
  ) => Effect.Effect<boolean, ServiceError>
}

interface Route {
  readonly address: string
  readonly group: string
  readonly relays: ReadonlyArray<string>
}

/** Asks what has to be asked, for ever. */
export const runFeeds = (support: FeedSupport): Effect.Effect<never, ServiceError> =>
  Effect.scoped(Effect.gen(function* () {
    const { runtime, sync } = support
    const fibers = yield* FiberMap.make<string, void, ServiceError>()
    for (;;) {
      const bell = runtime.bells.take(ROUTES_BELL)
      const feeds = yield* planFeeds(support)
      const keys = new Set(feeds.map(({ key }) => key))
      for (const [key] of fibers) {
        if (keys.has(key)) continue
        yield* FiberMap.remove(fibers, key)
        sync.end(key)
      }
      for (const feed of feeds) {
        yield* FiberMap.run(fibers, feed.key, persistently(runFeed(runtime, sync, feed)), {
          onlyIfMissing: true,
          startImmediately: true,
        })
      }
      sync.setPlanned()
      yield* bell
    }
  }))

const planFeeds = Effect.fnUntraced(function* (support: FeedSupport) {
  const { runtime } = support
  const { inbox } = yield* accountRelays(runtime)
  const routes = yield* readRoutes(runtime, { index: "key" })
  const byRelays = Map.groupBy(routes, ({ relays }) => relays.toSorted().join(" "))
  const feeds: Array<Feed> = [yield* wrapFeed(support, inbox)]
  for (const [relays, some] of byRelays) feeds.push(yield* groupFeed(support, relays, some))
  return feeds.filter((feed) => feed.relays.length > 0)
})

const readRoutes = Effect.fnUntraced(function* (
  runtime: Runtime,
  range: Pick<PageQuery, "index" | "equals">,
) {
  const routes: Array<Route> = []
  let cursor: string | undefined
  for (;;) {
    const page = yield* runtime.storage.page(ROUTES.name, {
      ...range,
      limit: MAX_PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    }).pipe(Effect.mapError(toServiceError))
    for (const row of page.rows) {
      const relays = yield* orNothing(() => decodeRecord<RouteRecord>(row.value).relays)
      if (relays === undefined) continue
      routes.push({ address: String(row.key), group: String(row.columns["group_id"]), relays })
    }
    cursor = page.cursors.at(-1)
    if (!page.more || cursor === undefined) return routes
  }
})

/** A group's traffic of the last so many seconds, the oldest first, from every relay that answers. */
export const fetchGroupEvents: (
  runtime: Runtime,
  group: string,
  backSeconds: number,
) => Effect.Effect<ReadonlyArray<NostrEvent>, ServiceError> = Effect.fnUntraced(function* (
  runtime: Runtime,
  group: string,
  backSeconds: number,
) {
  const routes = yield* readRoutes(runtime, { index: "group", equals: [group] })
  if (routes.length === 0) return []
  const now = yield* Clock.currentTimeMillis
  const fetched = yield* runtime.transport.fetch({
    relays: [...new Set(routes.flatMap(({ relays }) => relays))],
    filters: [{
      kinds: [NostrKind.groupEvent],
      tags: { h: routes.map(({ address }) => address) },
      since: Math.max(0, Math.trunc(now / 1000) - backSeconds),
    }],
  }).pipe(Effect.mapError(toServiceError))
  return oldestFirst(fetched.events)
})

/** One row that cannot be read must not keep the others from being asked for. */
const orNothing = <A>(read: () => A): Effect.Effect<A | undefined> =>
  Effect.sync((): A | undefined => read()).pipe(
    Effect.catchDefect((defect) =>
      isDamage(defect)
        ? Effect.as(Effect.logWarning("a group is damaged"), undefined)
        : Effect.die(defect)
    ),
  )

/** The oldest progress at any of the relays; none when one of them was never caught up with. */
const sinceOf = Effect.fnUntraced(function* (
  runtime: Runtime,
  place: string,
  relays: ReadonlyArray<string>,
) {
  const progress = yield* readProgress(runtime.storage, place, relays)
  if (progress.size < relays.length || relays.length === 0) return Option.none<number>()
  return Option.some(Math.min(...progress.values()))
})

/** Noted once, from the progress that joining begins with; 0 where there is none. */
const joinTime = Effect.fnUntraced(function* (
  runtime: Runtime,
  group: string,
  progress: Option.Option<number>,
) {
  const noted = yield* joinTimeOf(runtime.storage, group)
  if (noted !== undefined) return noted
  if (Option.isNone(progress)) return 0
  const seconds = Math.max(0, progress.value - CLOCK_MARGIN_SECONDS)
  yield* runtime.write({ verbs: [joinTimeVerb(group, seconds)] })
  return seconds
})

const withSince = (filter: Filter, since: Option.Option<number>, overlap: number): Filter =>
  Option.match(since, {
    onNone: () => filter,
    onSome: (seconds) => ({ ...filter, since: Math.max(0, seconds - overlap) }),
  })

const wrapFeed = Effect.fnUntraced(function* (
  support: FeedSupport,
  relays: ReadonlyArray<string>,
) {
  const { runtime } = support
  const since = yield* sinceOf(runtime, WRAPS_PLACE, relays)
  const filter = { kinds: [NostrKind.giftWrap], tags: { p: [runtime.self] } }
  const feed: Feed = {
    key: `${WRAPS_PLACE} ${relays.join(" ")}`,
    relays,
    filters: [withSince(filter, since, WRAP_OVERLAP_SECONDS)],
    overlapSeconds: WRAP_OVERLAP_SECONDS,
    authenticated: true,
    take: (events) => Effect.forEach(events, support.takeWrap, { discard: true }),
    passed: (relay, seconds) =>
      Effect.asVoid(runtime.write({ verbs: [progressVerb(WRAPS_PLACE, relay, seconds)] })),
  }
  return feed
})

const groupFeed = Effect.fnUntraced(function* (
  support: FeedSupport,
  relaysKey: string,
  routes: ReadonlyArray<Route>,
) {
  const { runtime } = support
  const relays = relaysKey.split(" ")
  const groups = new Map(routes.map(({ address, group }) => [address, group]))
  const fresh: Array<string> = []
  const known: Array<string> = []
  let since = Infinity
  let freshSince = Infinity
  for (const { address, group } of routes) {
    const progress = yield* sinceOf(runtime, group, relays)
    const joined = yield* joinTime(runtime, group, progress)
    if (Option.isNone(progress)) {
      fresh.push(address)
      freshSince = Math.min(freshSince, joined)
    } else {
      known.push(address)
      since = Math.min(since, Math.max(joined, progress.value - GROUP_START_SECONDS))
    }
  }
  const filter = (addresses: ReadonlyArray<string>): Filter => ({
    kinds: [NostrKind.groupEvent],
    tags: { h: addresses },
  })
  // Nothing is noted for a group that took nothing in: it is asked for again when it can be read.
  const damaged = new Set<string>()
  const feed: Feed = {
    key: `${relaysKey} ${[...groups.keys()].sort().join(" ")}`,
    relays,
    filters: [
      ...(known.length === 0 ? [] : [withSince(filter(known), Option.some(since), 0)]),
      ...(fresh.length === 0 ? [] : [withSince(filter(fresh), Option.some(freshSince), 0)]),
    ],
    overlapSeconds: GROUP_OVERLAP_SECONDS,
    authenticated: false,
    take: (events) => takeByGroup(support, groups, events, damaged),
    passed: (relay, seconds) =>
      Effect.asVoid(runtime.write({
        verbs: [...new Set(groups.values()).difference(damaged)].map((group) =>
          progressVerb(group, relay, seconds)
        ),
      })),
  }
  return feed
})

const takeByGroup = (
  support: FeedSupport,
  groups: ReadonlyMap<string, string>,
  events: ReadonlyArray<NostrEvent>,
  damaged: Set<string>,
): Effect.Effect<void, ServiceError> => {
  const byGroup = Map.groupBy(events, (event) => {
    const address = event.tags.find(([name]) => name === "h")?.[1]
    return address === undefined ? undefined : groups.get(address)
  })
  return Effect.forEach(byGroup, ([group, some]) => {
    if (group === undefined) return Effect.void
    return Effect.forEach(
      batchesOf(some),
      (batch) =>
        Effect.map(support.takeGroupEvents(group, batch), (taken) => {
          if (!taken) damaged.add(group)
        }),
      { discard: true },
    )
  }, { discard: true })
}
