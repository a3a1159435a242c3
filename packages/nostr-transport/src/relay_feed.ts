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
import { AnswerExtent } from "./answer_extent.ts"
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
  /** Most events that are asked for at once; finite after there were more than could wait. */
  #limit = Infinity

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
        () => ["REQ", name, ...this.#questions().map((one) => toWireFilter(this.#limited(one)))],
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
              if (!stored) this.#note(extents, item.event)
              yield* this.#accept(item.event)
              if (stored) this.#cursor = this.#newest
              break
            case "stored":
              if (stored) break
              {
                const failure = yield* this.#fill(extents)
                if (failure !== undefined) return failure
              }
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
              return this.#askLess()
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

  #limited(filter: Filter): Filter {
    const limit = Math.min(filter.limit ?? Infinity, this.#limit)
    return limit === Infinity ? filter : { ...filter, limit }
  }

  /** More came than could wait: the same again in smaller portions. */
  #askLess(): Restart {
    const { inbox, filters } = this.#options
    const most = this.#limit === Infinity ? inbox.maxEvents * 4 / filters.length : this.#limit
    this.#limit = Math.max(smallestPortion, Math.floor(most / 8))
    return again
  }

  #newExtents(): ReadonlyArray<AnswerExtent> {
    return this.#options.filters.map(() => new AnswerExtent())
  }

  #note(extents: ReadonlyArray<AnswerExtent>, event: NostrEvent): void {
    this.#options.filters.forEach((filter, i) => {
      if (matchesFilter(filter, event)) extents[i]?.note(event)
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

  /** Fetches what a limit cut off; why the question must be asked anew, if it must. */
  #fill(extents: ReadonlyArray<AnswerExtent>): Effect.Effect<Restart | undefined> {
    return Effect.gen({ self: this }, function* () {
      const full = (count: number): boolean =>
        count >= Math.min(this.#options.pageSize(), this.#limit)
      for (const [i, filter] of this.#questions().entries()) {
        let answer = extents[i]
        if (answer === undefined) continue
        const { limit, ...unlimited } = filter
        const known = new Set(answer.ids)
        let until = limit === undefined ? answer.boundary : answer.oldest
        while (full(answer.count) && known.size < (limit ?? Infinity)) {
          if (until < (filter.since ?? 0)) break
          const page: AnswerExtent | Restart = yield* this.#page({
            ...unlimited,
            until,
            // Those of the last second come again.
            ...(limit === undefined ? {} : { limit: limit - known.size + answer.countAt(until) }),
          })
          if (!(page instanceof AnswerExtent)) return page
          if (limit !== undefined) { for (const id of page.ids) known.add(id) }
          const next: number = limit === undefined ? page.boundary : page.oldest
          // A page within a single second can only be left behind.
          until = next < until ? next : until - 1
          answer = page
        }
      }
      return undefined
    })
  }

  #page(filter: Filter): Effect.Effect<AnswerExtent | Restart> {
    return Effect.gen({ self: this }, function* () {
      const { connection, newName, inbox: limits } = this.#options
      const name = newName()
      const question = ["REQ", name, toWireFilter(this.#limited(filter))]
      const inbox = new FeedInbox(name, () => question, limits)
      const page = new AnswerExtent()
      yield* connection.attach(inbox)
      for (;;) {
        for (const item of yield* inbox.take) {
          switch (item.type) {
            case "event":
              if (matchesFilter(filter, item.event)) page.note(item.event)
              yield* this.#accept(item.event)
              break
            case "stored":
              return page
            case "closed":
              // Who will never answer for older events has given what there is to have.
              return refusalAdvice(item.prefix) === "never" ? new AnswerExtent() : againLater
            case "disconnected":
              return again
            case "overrun":
              return this.#askLess()
          }
        }
      }
    }).pipe(
      Effect.scoped,
      Effect.timeoutOrElse({
        duration: this.#options.pageMillis,
        orElse: () => Effect.succeed(againLater),
      }),
    )
  }
}

/** Fewest events that are asked for at once. */
const smallestPortion = 10

const again: Restart = { type: "again" }
const againLater: Restart = { type: "refused", prefix: "error" }
