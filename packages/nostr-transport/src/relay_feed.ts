/**
 * One question at one relay: asks, verifies what comes, asks again after every interruption, and
 * pages through what a relay's answer limit cut off.
 *
 * Events go through shape → filter → size → hash → duplicate → signature, the cheapest first; an
 * event counts as seen only after its signature was verified.
 *
 * @module
 */
import type { Filter, Incoming, NostrEvent } from "@mdk/core/services"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { hasOwnId } from "./event_verification.ts"
import { FeedInbox, type InboxLimits } from "./feed_inbox.ts"
import { matchesAnyFilter, matchesFilter, toWireFilter } from "./filter.ts"
import { type ReasonPrefix, refusalAdvice } from "./reason_prefix.ts"
import type { RecentMap } from "./recent_map.ts"
import { reconnectDelay, type ReconnectTiming } from "./reconnect_delay.ts"
import type { RelayConnection } from "./relay_connection.ts"
import type { VerifiedEvents } from "./verified_events.ts"

/** What a feed asks, where, and what it does with the answers. */
export interface RelayFeedOptions {
  /** The relay, as the caller wrote it. */
  readonly relay: string
  readonly connection: RelayConnection
  /** A subscription name that is unique on the connection. */
  readonly newName: () => string
  readonly filters: ReadonlyArray<Filter>
  /** See `Subscription.overlapSeconds`. */
  readonly overlapSeconds: number
  readonly verified: VerifiedEvents
  /** Ids that this subscription gave already, from whichever relay. */
  readonly given: RecentMap<true>
  readonly inbox: InboxLimits
  /** For asking again after a refusal. */
  readonly timing: ReconnectTiming
  /** Answers of so many events may have been cut off by the relay. */
  readonly pageSize: () => number
  /** Milliseconds for one further page. */
  readonly pageMillis: number
  /** Takes what the feed gives; may wait. */
  readonly emit: (incoming: Incoming) => Effect.Effect<unknown>
}

/** How a round of asking ended. */
type Restart =
  | { readonly type: "refused"; readonly prefix: ReasonPrefix | undefined }
  | { readonly type: "again" }

/** What was received for one filter in answer to one question. */
interface Extent {
  count: number
  oldest: number
}

/** Serves one question at one relay until it is interrupted. */
export const runRelayFeed: (options: RelayFeedOptions) => Effect.Effect<never> = Effect.fnUntraced(
  function* (options: RelayFeedOptions) {
    const { relay, connection, emit, timing } = options
    const feed = new Feed(options)
    let tries = 0
    let provedIn: number | undefined
    for (;;) {
      const restart = yield* Effect.scoped(feed.round(() => void (tries = 0)))
      if (restart.type === "again") continue
      const advice = refusalAdvice(restart.prefix)
      if (advice === "authenticate" && provedIn !== connection.session()) {
        provedIn = connection.session()
        if (yield* connection.authenticate) continue
      }
      yield* emit({
        _tag: "Interrupted",
        relay,
        reason: advice === "authenticate" ? "auth-required" : "refused",
      })
      // What will not change soon is asked for at the slowest pace: the transport goes on trying.
      const attempt = advice === "later" ? tries++ : 30
      yield* Effect.sleep(reconnectDelay(timing, attempt, yield* Random.next))
    }
  },
)

class Feed {
  readonly #options: RelayFeedOptions
  /** Newest verified `created_at` up to which everything stored was received. */
  #cursor: number | undefined
  #newest: number | undefined

  constructor(options: RelayFeedOptions) {
    this.#options = options
  }

  /** Asks under a fresh name and serves the answers until the question must be asked anew. */
  round(onStored: () => void) {
    return Effect.gen({ self: this }, function* () {
      const { relay, connection, newName, emit, inbox: limits } = this.#options
      const name = newName()
      const inbox = new FeedInbox(
        name,
        () => ["REQ", name, ...this.#questions().map(toWireFilter)],
        limits,
      )
      let extents = this.#newExtents()
      let stored = false
      let disconnected = false
      yield* connection.attach(inbox)
      for (;;) {
        for (const item of yield* inbox.take) {
          switch (item.type) {
            case "event":
              if (!stored) this.#extend(extents, item.event)
              yield* this.#accept(item.event)
              if (stored) this.#cursor = this.#newest
              break
            case "stored":
              if (stored) break
              if (!(yield* this.#fill(extents))) return againLater
              stored = true
              disconnected = false
              this.#cursor = this.#newest
              onStored()
              yield* emit({ _tag: "Stored", relay })
              break
            case "closed":
              return { type: "refused", prefix: item.prefix } satisfies Restart as Restart
            case "disconnected":
              extents = this.#newExtents()
              stored = false
              if (disconnected) break
              disconnected = true
              yield* emit({ _tag: "Interrupted", relay, reason: "disconnected" })
              break
            case "overrun":
              return again
          }
        }
      }
    })
  }

  /** The filters as they are asked now. */
  #questions(): ReadonlyArray<Filter> {
    const { filters, overlapSeconds } = this.#options
    const cursor = this.#cursor
    if (cursor === undefined) return filters
    return filters.map(({ limit: _, ...filter }) => ({
      ...filter,
      since: Math.max(filter.since ?? 0, cursor - overlapSeconds, 0),
    }))
  }

  #newExtents(): ReadonlyArray<Extent> {
    return this.#options.filters.map(() => ({ count: 0, oldest: Infinity }))
  }

  #extend(extents: ReadonlyArray<Extent>, event: NostrEvent): void {
    this.#options.filters.forEach((filter, i) => {
      const extent = extents[i]
      if (extent === undefined || !matchesFilter(filter, event)) return
      extent.count += 1
      extent.oldest = Math.min(extent.oldest, event.created_at)
    })
  }

  /** Verifies one event and gives it on, once. */
  #accept(event: NostrEvent): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const { relay, connection, filters, verified, given, emit } = this.#options
      if (!matchesAnyFilter(filters, event) || !hasOwnId(event)) return connection.strike()
      if (given.get(event.id) === undefined) {
        if (!(yield* verified.check(event))) return connection.strike()
        // Another relay's copy may have been given while this one was verified.
        if (given.get(event.id) === undefined) {
          given.set(event.id, true)
          yield* emit({ _tag: "Event", relay, event })
        }
      }
      // A date in the future must not move the cursor past what is still to come.
      const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
      this.#newest = Math.max(this.#newest ?? 0, Math.min(event.created_at, now))
    })
  }

  /** Fetches what the relay's limit cut off; false when that did not work out. */
  #fill(extents: ReadonlyArray<Extent>): Effect.Effect<boolean> {
    return Effect.gen({ self: this }, function* () {
      const questions = this.#questions()
      for (const [i, filter] of questions.entries()) {
        const extent = extents[i]
        if (extent === undefined || extent.count < this.#options.pageSize()) continue
        let missing = filter.limit === undefined ? Infinity : filter.limit - extent.count
        let until = extent.oldest
        while (missing > 0 && until >= (filter.since ?? 0)) {
          const page = yield* this.#page({
            ...filter,
            until,
            ...(missing === Infinity ? {} : { limit: missing }),
          })
          if (page === undefined) return false
          if (page.count < this.#options.pageSize()) break
          missing -= page.count
          // A page within a single second can only be left behind.
          until = page.oldest < until ? page.oldest : until - 1
        }
      }
      return true
    })
  }

  #page(filter: Filter): Effect.Effect<Extent | undefined> {
    return Effect.gen({ self: this }, function* () {
      const { connection, newName, inbox: limits } = this.#options
      const name = newName()
      const inbox = new FeedInbox(name, () => ["REQ", name, toWireFilter(filter)], limits)
      const page: Extent = { count: 0, oldest: Infinity }
      yield* connection.attach(inbox)
      for (;;) {
        for (const item of yield* inbox.take) {
          if (item.type === "stored") return page
          // Who will never answer for older events has given what there is to have.
          const refused = item.type === "closed" && refusalAdvice(item.prefix) === "never"
          if (refused) return { ...page, count: 0 }
          if (item.type !== "event") return undefined
          if (matchesFilter(filter, item.event)) {
            page.count += 1
            page.oldest = Math.min(page.oldest, item.event.created_at)
          }
          yield* this.#accept(item.event)
        }
      }
    }).pipe(
      Effect.scoped,
      Effect.timeoutOrElse({
        duration: this.#options.pageMillis,
        orElse: () => Effect.succeed(undefined),
      }),
    )
  }
}

const again: Restart = { type: "again" }
const againLater: Restart = { type: "refused", prefix: "error" }
