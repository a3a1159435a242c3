/**
 * NIP-01 filters: the wire form (`#h`), reading an untrusted one, and matching.
 *
 * @module
 */
import type { Filter, NostrEvent } from "@mdk/core/services"
import { isHex64, isKind, isRecord, isStringArray, isTimestamp } from "./event_shape.ts"

/** A filter as it is sent: single-letter tag conditions are members named `#x`. */
export type WireFilter = Readonly<Record<string, ReadonlyArray<string | number> | number>>

/** The wire form; only given members are sent. */
export function toWireFilter(filter: Filter): WireFilter {
  const wire: Record<string, ReadonlyArray<string | number> | number> = {}
  if (filter.ids !== undefined) wire["ids"] = filter.ids
  if (filter.authors !== undefined) wire["authors"] = filter.authors
  if (filter.kinds !== undefined) wire["kinds"] = filter.kinds
  for (const [name, values] of Object.entries(filter.tags ?? {})) wire[`#${name}`] = values
  if (filter.since !== undefined) wire["since"] = filter.since
  if (filter.until !== undefined) wire["until"] = filter.until
  if (filter.limit !== undefined) wire["limit"] = filter.limit
  return wire
}

/**
 * Reads an untrusted wire filter.
 *
 * @returns `undefined` when a known member has the wrong form; unknown members are ignored.
 */
export function readFilter(value: unknown): Filter | undefined {
  if (!isRecord(value)) return undefined
  const { ids, authors, kinds, since, until, limit } = value
  const tags: Record<string, ReadonlyArray<string>> = {}
  for (const [name, values] of Object.entries(value)) {
    if (name.length !== 2 || name[0] !== "#") continue
    if (!isStringArray(values)) return undefined
    tags[name.slice(1)] = values
  }
  if (ids !== undefined && !(Array.isArray(ids) && ids.every(isHex64))) return undefined
  if (authors !== undefined && !(Array.isArray(authors) && authors.every(isHex64))) return undefined
  if (kinds !== undefined && !(Array.isArray(kinds) && kinds.every(isKind))) return undefined
  if (since !== undefined && !isTimestamp(since)) return undefined
  if (until !== undefined && !isTimestamp(until)) return undefined
  if (limit !== undefined && !isTimestamp(limit)) return undefined
  return {
    ...(ids === undefined ? {} : { ids }),
    ...(authors === undefined ? {} : { authors }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(limit === undefined ? {} : { limit }),
  }
}

/** True when the event meets every condition of the filter (`limit` is none). */
export function matchesFilter(filter: Filter, event: NostrEvent): boolean {
  if (filter.ids !== undefined && !filter.ids.includes(event.id)) return false
  if (filter.authors !== undefined && !filter.authors.includes(event.pubkey)) return false
  if (filter.kinds !== undefined && !filter.kinds.includes(event.kind)) return false
  if (filter.since !== undefined && event.created_at < filter.since) return false
  if (filter.until !== undefined && event.created_at > filter.until) return false
  for (const [name, values] of Object.entries(filter.tags ?? {})) {
    if (!event.tags.some((tag) => tag[0] === name && values.includes(tag[1] ?? ""))) return false
  }
  return true
}

/** True when the event meets at least one of the filters. */
export function matchesAnyFilter(filters: ReadonlyArray<Filter>, event: NostrEvent): boolean {
  return filters.some((filter) => matchesFilter(filter, event))
}

/** Order of relay answers: newest first, of the same second the lower id first. */
export function newestFirst(a: NostrEvent, b: NostrEvent): number {
  return b.created_at - a.created_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}
