/**
 * The relay's memory: events with replacement (NIP-01), deletion (NIP-09) and expiry (NIP-40),
 * bounded in number and in bytes. The events that arrived first make room for new ones.
 *
 * @module
 */
import type { Filter, NostrEvent } from "@mdk/core/services"
import { firstTag, isHex64 } from "../event_shape.ts"
import { matchesFilter, newestFirst } from "../filter.ts"

/** Bounds of an {@link EventStore}. */
export interface EventStoreLimits {
  /** Most events. */
  readonly maxEvents: number
  /** Most UTF-8 bytes of serialized events. */
  readonly maxBytes: number
}

/** What became of an event. */
export type StoreOutcome = "stored" | "ephemeral" | "duplicate" | "superseded" | "deleted"

/** True when a relay passes such an event on and forgets it. */
export function isEphemeral(kind: number): boolean {
  return kind >= 20_000 && kind < 30_000
}

/** True when only the newest event per author and kind counts. */
export function isReplaceable(kind: number): boolean {
  return kind === 0 || kind === 3 || (kind >= 10_000 && kind < 20_000)
}

/** True when only the newest event per author, kind and `d` tag counts. */
export function isAddressable(kind: number): boolean {
  return kind >= 30_000 && kind < 40_000
}

/** True when the event's `expiration` (NIP-40) is not later than `now` (unix seconds). */
export function isExpired(event: NostrEvent, now: number): boolean {
  const expiration = firstTag(event, "expiration")
  return expiration !== undefined && /^\d+$/.test(expiration) && Number(expiration) <= now
}

/** Events in memory, found by id, author, kind and single-letter tags. */
export class EventStore {
  readonly #limits: EventStoreLimits
  readonly #events: Map<string, { readonly event: NostrEvent; readonly bytes: number }> = new Map()
  readonly #index: Map<string, Set<string>> = new Map()
  /** Deletions that were asked for: author and target, with the time up to which they hold. */
  readonly #deletions: Map<string, number> = new Map()
  #bytes = 0

  /** An empty store. */
  constructor(limits: EventStoreLimits) {
    this.#limits = limits
  }

  /** Number of stored events. */
  get size(): number {
    return this.#events.size
  }

  /** All stored events, in order of arrival. */
  get events(): ReadonlyArray<NostrEvent> {
    return [...this.#events.values()].map((stored) => stored.event)
  }

  /** Takes a verified event of so many bytes. */
  add(event: NostrEvent, bytes: number): StoreOutcome {
    if (this.#events.has(event.id)) return "duplicate"
    if (this.#isDeleted(event)) return "deleted"
    if (isEphemeral(event.kind)) return "ephemeral"
    if (isReplaceable(event.kind) || isAddressable(event.kind)) {
      for (const other of this.#sameAddress(event)) {
        if (newestFirst(other, event) < 0) return "superseded"
        this.#remove(other.id)
      }
    }
    if (event.kind === 5) this.#applyDeletion(event)
    this.#insert(event, bytes)
    return "stored"
  }

  /**
   * Stored events that match at least one filter, each once, newest first.
   *
   * @param now unix seconds: what is expired is removed and not given
   * @param maxLimit most events per filter, and what a filter without `limit` gets
   * @param visible leaves out what the asker may not see, before limits are applied
   */
  query(
    filters: ReadonlyArray<Filter>,
    now: number,
    maxLimit: number,
    visible: (event: NostrEvent) => boolean,
  ): ReadonlyArray<NostrEvent> {
    const found = new Map<string, NostrEvent>()
    for (const filter of filters) {
      const matching: Array<NostrEvent> = []
      for (const event of this.#candidates(filter)) {
        if (isExpired(event, now)) this.#remove(event.id)
        else if (matchesFilter(filter, event) && visible(event)) matching.push(event)
      }
      matching.sort(newestFirst)
      const limit = Math.min(filter.limit ?? maxLimit, maxLimit)
      for (const event of matching.slice(0, limit)) found.set(event.id, event)
    }
    return [...found.values()].sort(newestFirst)
  }

  /** Forgets one event; false when there is none of that id. */
  remove(id: string): boolean {
    return this.#remove(id)
  }

  /** Forgets everything, deletions too. */
  clear(): void {
    this.#events.clear()
    this.#index.clear()
    this.#deletions.clear()
    this.#bytes = 0
  }

  #candidates(filter: Filter): ReadonlyArray<NostrEvent> {
    if (filter.ids !== undefined) return this.#byIds(filter.ids)
    const alternatives: Array<ReadonlyArray<string>> = []
    for (const [name, values] of Object.entries(filter.tags ?? {})) {
      alternatives.push(values.map((value) => `#${name}:${value}`))
    }
    if (filter.authors !== undefined) alternatives.push(filter.authors.map((a) => `author:${a}`))
    if (filter.kinds !== undefined) alternatives.push(filter.kinds.map((kind) => `kind:${kind}`))
    const count = (keys: ReadonlyArray<string>): number =>
      keys.reduce((sum, key) => sum + (this.#index.get(key)?.size ?? 0), 0)
    const [best] = alternatives.sort((a, b) => count(a) - count(b))
    if (best === undefined) return this.events
    return this.#byIds(new Set(best.flatMap((key) => [...this.#index.get(key) ?? []])))
  }

  #byIds(ids: Iterable<string>): ReadonlyArray<NostrEvent> {
    const events: Array<NostrEvent> = []
    for (const id of ids) {
      const stored = this.#events.get(id)
      if (stored !== undefined) events.push(stored.event)
    }
    return events
  }

  #sameAddress(event: NostrEvent): ReadonlyArray<NostrEvent> {
    return this.#candidates({ authors: [event.pubkey] }).filter((other) =>
      other.kind === event.kind && other.pubkey === event.pubkey &&
      (!isAddressable(event.kind) ||
        (firstTag(other, "d") ?? "") === (firstTag(event, "d") ?? ""))
    )
  }

  #applyDeletion(request: NostrEvent): void {
    for (const [name, value = ""] of request.tags) {
      if (name === "e" && isHex64(value)) {
        const target = this.#events.get(value)?.event
        if (target !== undefined && target.kind !== 5 && mayDelete(request, target)) {
          this.#remove(value)
        }
        this.#remember(`${request.pubkey} ${value}`, Infinity)
      } else if (name === "a") {
        const [kind, author, ...rest] = value.split(":")
        if (author !== request.pubkey) continue
        const d = rest.join(":")
        this.#remember(`${author} ${kind}:${d}`, request.created_at)
        for (const target of this.#candidates({ authors: [author] })) {
          if (
            target.kind === Number(kind) && (firstTag(target, "d") ?? "") === d &&
            target.created_at <= request.created_at
          ) this.#remove(target.id)
        }
      }
    }
  }

  #isDeleted(event: NostrEvent): boolean {
    const d = isAddressable(event.kind) ? firstTag(event, "d") ?? "" : ""
    const targets = [`${event.pubkey} ${event.id}`, `${event.pubkey} ${event.kind}:${d}`]
    if (event.kind === 1059) targets.push(`${firstTag(event, "p") ?? ""} ${event.id}`)
    return targets.some((target) => event.created_at <= (this.#deletions.get(target) ?? -1))
  }

  #remember(target: string, until: number): void {
    this.#deletions.set(target, Math.max(until, this.#deletions.get(target) ?? 0))
    if (this.#deletions.size > this.#limits.maxEvents) {
      for (const [oldest] of this.#deletions) {
        this.#deletions.delete(oldest)
        break
      }
    }
  }

  #insert(event: NostrEvent, bytes: number): void {
    this.#events.set(event.id, { event, bytes })
    this.#bytes += bytes
    for (const key of indexKeys(event)) {
      const ids = this.#index.get(key)
      if (ids === undefined) this.#index.set(key, new Set([event.id]))
      else ids.add(event.id)
    }
    for (const [oldest] of this.#events) {
      if (this.#events.size <= this.#limits.maxEvents && this.#bytes <= this.#limits.maxBytes) break
      this.#remove(oldest)
    }
  }

  #remove(id: string): boolean {
    const stored = this.#events.get(id)
    if (stored === undefined) return false
    this.#events.delete(id)
    this.#bytes -= stored.bytes
    for (const key of indexKeys(stored.event)) {
      const ids = this.#index.get(key)
      ids?.delete(id)
      if (ids?.size === 0) this.#index.delete(key)
    }
    return true
  }
}

function mayDelete(request: NostrEvent, target: NostrEvent): boolean {
  // NIP-59: a gift wrap's author is a throwaway key, so its recipient may delete it.
  return target.pubkey === request.pubkey ||
    (target.kind === 1059 && firstTag(target, "p") === request.pubkey)
}

function indexKeys(event: NostrEvent): ReadonlySet<string> {
  const keys = new Set([`author:${event.pubkey}`, `kind:${event.kind}`])
  for (const [name, value = ""] of event.tags) {
    if (name?.length === 1) keys.add(`#${name}:${value}`)
  }
  return keys
}
