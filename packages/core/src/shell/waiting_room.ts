/**
 * Events that cannot be opened or placed yet: bounded per group in rows and in bytes.
 *
 * When there is no room, events that no key opens go before events that a key of the group opened:
 * whoever knows a group's address can send the former, only members can write the latter. Among equals
 * the one that came first goes first.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import type { ServiceError } from "../api/errors.ts"
import { decodeRecord, encodeRecord, WAITING } from "../group/mod.ts"
import { MAX_PAGE } from "../services/mod.ts"
import type { NostrEvent } from "../services/nostr_event.ts"
import type { StorageService } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import { toServiceError } from "./failure.ts"

/** Most events that wait in one group. */
export const MAX_WAITING = 1000
/** Most bytes that wait in one group. */
export const MAX_WAITING_BYTES: number = 8 * 1024 * 1024
/** Longest wait of what no key opens; what a key opened waits twice as long. */
const MAX_AGE_MILLIS = 30 * 24 * 3600 * 1000

interface Guest {
  readonly key: string
  readonly size: number
  readonly isOpened: boolean
  readonly event: () => NostrEvent
  /** True for what the batch under way put here. */
  readonly isNew: boolean
}

/** A waiting event. */
export interface StoredWaiting {
  /** Key of its row. */
  readonly key: string
  /** The event. */
  readonly event: NostrEvent
}

/** What waits in one group, as it will be when the batch under way is durable. */
export class WaitingRoom {
  readonly #group: string
  readonly #now: number
  /** In the order in which they go when there is no room. */
  readonly #sealed = new Map<string, Guest>()
  readonly #opened = new Map<string, Guest>()
  #bytes = 0

  /** An empty room; {@link loadRoom} makes the real one. */
  constructor(group: string, now: number) {
    this.#group = group
    this.#now = now
  }

  /** Takes in a row that is stored, in the order of the index. */
  restore(key: string, at: number, value: Uint8Array): void {
    const event = () => decodeRecord<NostrEvent>(value)
    this.#add({ key, size: value.length, isOpened: at > this.#now, event, isNew: false })
  }

  /** True for an event that waits already. */
  has(key: string): boolean {
    return this.#sealed.has(key) || this.#opened.has(key)
  }

  /** Everything that waits. */
  all(): ReadonlyArray<StoredWaiting> {
    return [...this.#sealed.values(), ...this.#opened.values()]
      .map(({ key, event }) => ({ key, event: event() }))
  }

  /**
   * Puts an event here, and others out where there is no room.
   *
   * @param isOpened whether a key of the group opened it
   * @returns the verbs, and by how many the events of this batch that wait became more
   */
  admit(
    { key, event }: StoredWaiting,
    isOpened: boolean,
  ): { readonly verbs: ReadonlyArray<Verb>; readonly more: number } {
    const value = encodeRecord(event)
    this.#add({ key, size: value.length, isOpened, event: () => event, isNew: true })
    const verbs: Array<Verb> = [{
      verb: "put",
      collection: WAITING.name,
      key,
      columns: { group_id: this.#group, at: this.#now + (isOpened ? MAX_AGE_MILLIS : 0) },
      value,
    }]
    let more = 1
    while (this.#sealed.size + this.#opened.size > MAX_WAITING || this.#bytes > MAX_WAITING_BYTES) {
      const [out] = this.#sealed.size > 0 ? this.#sealed.values() : this.#opened.values()
      if (out === undefined) break
      verbs.push(...this.remove(out.key))
      if (out.isNew) more--
    }
    return { verbs, more }
  }

  /** Takes an event away; the verbs. */
  remove(key: string): ReadonlyArray<Verb> {
    const guest = this.#sealed.get(key) ?? this.#opened.get(key)
    if (guest === undefined) return []
    this.#sealed.delete(key)
    this.#opened.delete(key)
    this.#bytes -= guest.size
    return [{ verb: "delete", collection: WAITING.name, key }]
  }

  #add(guest: Guest): void {
    const place = guest.isOpened ? this.#opened : this.#sealed
    place.set(guest.key, guest)
    this.#bytes += guest.size
  }
}

/** Reads what waits in a group. */
export const loadRoom: (
  storage: StorageService,
  group: string,
  now: number,
) => Effect.Effect<WaitingRoom, ServiceError> = Effect.fnUntraced(function* (storage, group, now) {
  const room = new WaitingRoom(group, now)
  let cursor: string | undefined
  for (;;) {
    const page = yield* storage.page(WAITING.name, {
      index: "group",
      equals: [group],
      limit: MAX_PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    }).pipe(Effect.mapError(toServiceError))
    for (const row of page.rows) {
      room.restore(String(row.key), Number(row.columns["at"]), row.value)
    }
    cursor = page.cursors.at(-1)
    if (!page.more || cursor === undefined) return room
  }
})

/** How much waits in all groups, counted up to 10 000. */
export const countWaiting = (storage: StorageService): Effect.Effect<number, ServiceError> =>
  Effect.mapError(storage.count(WAITING.name, { index: "age" }, 10_000), toServiceError)
