/**
 * Relays without sockets, and the unreliable links to them: what the memory transport talks to.
 *
 * @module
 */
import type { Filter, NostrEvent } from "@mdk/core/services"
import {
  hasOwnId,
  hasOwnSignature,
  matchesAnyFilter,
  readEvent,
  relayAddress,
} from "@mdk/nostr-transport"
import { EventStore, isExpired, seededRandom } from "@mdk/nostr-transport/relay"
import * as Deferred from "effect/Deferred"
import * as Exit from "effect/Exit"

/** How the links behave; what is left out does not happen. */
export interface LinkConditions {
  /**
   * Part of the messages that is lost, 0 to 1: an event on its way to a relay, an answer on its way
   * back, an event on its way to a subscriber. A subscriber gets what it lost after the next cut.
   */
  readonly loss?: number
  /** Part of the events that a subscriber is given twice, 0 to 1. */
  readonly duplication?: number
  /** Every message takes between these milliseconds of Effect's clock, so messages overtake. */
  readonly delayMillis?: readonly [least: number, most: number]
}

/** A subscription that a relay serves. */
export interface MemorySession {
  /** Whose it is. */
  readonly client: string
  /** What is asked. */
  readonly filters: ReadonlyArray<Filter>
  /** Accounts that proved themselves. */
  readonly accounts: ReadonlyArray<string>
  /** Takes a live event. */
  readonly offer: (event: NostrEvent) => void
  /** Done when the link is cut. */
  readonly cut: Deferred.Deferred<void>
}

/** One relay: stores, serves, refuses, goes away. */
export class MemoryRelay {
  /** The address, as it was given. */
  readonly address: string
  readonly #network: MemoryRelays
  readonly #store: EventStore = new EventStore({ maxEvents: 1_000_000, maxBytes: Infinity })
  readonly #sessions: Set<MemorySession> = new Set()
  #down = false
  #silent = false
  #refusal: string | undefined

  /** Made by {@link MemoryRelays}. */
  constructor(address: string, network: MemoryRelays) {
    this.address = address
    this.#network = network
  }

  /** Stored events, in order of arrival. */
  get events(): ReadonlyArray<NostrEvent> {
    return this.#store.events
  }

  /** True while the relay reads and never answers. */
  get silent(): boolean {
    return this.#silent
  }

  /** True while the relay is away. */
  get down(): boolean {
    return this.#down
  }

  /** The reason with which every event is refused, if it is. */
  get refusal(): string | undefined {
    return this.#refusal
  }

  /** Takes the relay away, cutting all links, or brings it back with its events. */
  setDown(down: boolean): void {
    this.#down = down
    if (down) this.cut(() => true)
    this.#network.changed()
  }

  /** Makes the relay read and never answer. When that ends, clients find a broken link and redial. */
  setSilent(silent: boolean): void {
    this.#silent = silent
    if (!silent) this.cut(() => true)
  }

  /** Refuses every event with this reason (`blocked: …`); `undefined` accepts again. */
  setRefusal(reason: string | undefined): void {
    this.#refusal = reason
  }

  /** Stores an event without looking at it; nobody is told. */
  plant(event: NostrEvent): void {
    this.#store.add(event, JSON.stringify(event).length)
  }

  /** Forgets one event, as a relay with a short memory does. */
  forget(id: string): boolean {
    return this.#store.remove(id)
  }

  /** Takes a published event; the reason of a refusal, or `undefined` when it was accepted. */
  accept(event: NostrEvent, now: number): string | undefined {
    if (!this.#network.isGenuine(event)) return "invalid: not genuine"
    if (isExpired(event, now)) return "invalid: expired"
    if (this.#refusal !== undefined) return this.#refusal
    const outcome = this.#store.add(event, JSON.stringify(event).length)
    if (outcome === "deleted") return "blocked: deleted"
    if (outcome === "duplicate" || outcome === "superseded") return undefined
    for (const session of this.#sessions) {
      const visible = this.#network.maySee(event, session.accounts)
      if (visible && matchesAnyFilter(session.filters, event)) session.offer(event)
    }
    return undefined
  }

  /** Stored events for an asker, newest first. */
  query(
    filters: ReadonlyArray<Filter>,
    accounts: ReadonlyArray<string>,
    now: number,
  ): ReadonlyArray<NostrEvent> {
    return this.#store.query(filters, now, Infinity, (e) => this.#network.maySee(e, accounts))
  }

  /** Serves live events from now on, until the result is called. */
  open(session: MemorySession): () => void {
    this.#sessions.add(session)
    return () => this.#sessions.delete(session)
  }

  /** Cuts the links of some clients. */
  cut(whose: (client: string) => boolean): void {
    for (const session of [...this.#sessions]) {
      if (!whose(session.client)) continue
      this.#sessions.delete(session)
      Deferred.doneUnsafe(session.cut, Exit.void)
    }
  }
}

/** What a {@link MemoryRelays} is made of. */
export interface MemoryRelaysOptions {
  /** Addresses of the relays; every other address is unreachable. */
  readonly addresses: ReadonlyArray<string>
  /** Makes loss, duplication and delays repeatable; default 1. */
  readonly seed?: number
  /** Kinds that only their authenticated `p` recipient may read; default `[1059]`. */
  readonly guardedKinds?: ReadonlyArray<number>
  /** Links from the start. */
  readonly conditions?: LinkConditions
}

/** A set of relays that transports in this process share. */
export class MemoryRelays {
  /** Kinds that only their authenticated `p` recipient may read. */
  readonly guardedKinds: ReadonlyArray<number>
  /** Numbers from 0 up to 1, from the seed. */
  readonly random: () => number
  readonly #relays: ReadonlyMap<string, MemoryRelay>
  readonly #partitions: Set<string> = new Set()
  readonly #genuine: Map<string, string> = new Map()
  #conditions: LinkConditions
  #change: Deferred.Deferred<void> = Deferred.makeUnsafe<void>()

  /** Empty relays, all reachable. */
  constructor(options: MemoryRelaysOptions) {
    this.guardedKinds = options.guardedKinds ?? [1059]
    this.random = seededRandom(options.seed ?? 1)
    this.#conditions = options.conditions ?? {}
    this.#relays = new Map(
      options.addresses.map((address) => [
        relayAddress(address, true) ?? address,
        new MemoryRelay(address, this),
      ]),
    )
  }

  /** How the links behave now. */
  get conditions(): LinkConditions {
    return this.#conditions
  }

  /** The relays. */
  get relays(): ReadonlyArray<MemoryRelay> {
    return [...this.#relays.values()]
  }

  /** Done at the next change of reachability. */
  get nextChange(): Deferred.Deferred<void> {
    return this.#change
  }

  /** The relay of that address, or `undefined`. */
  relay(address: string): MemoryRelay | undefined {
    return this.#relays.get(relayAddress(address, true) ?? address)
  }

  /** Replaces the conditions of all links. */
  setConditions(conditions: LinkConditions): void {
    this.#conditions = conditions
  }

  /** Separates a client from a relay, or from all; its links are cut. */
  partition(client: string, address?: string): void {
    for (const relay of this.relays) {
      if (address !== undefined && relay !== this.relay(address)) continue
      this.#partitions.add(`${relay.address} ${client}`)
      relay.cut((other) => other === client)
    }
    this.changed()
  }

  /** Ends the separation of a client, or of everybody. */
  heal(client?: string): void {
    for (const partition of [...this.#partitions]) {
      if (client === undefined || partition.endsWith(` ${client}`)) {
        this.#partitions.delete(partition)
      }
    }
    this.changed()
  }

  /** Cuts a client's links (or everybody's); they come back at once, and questions are repeated. */
  cut(client?: string): void {
    for (const relay of this.relays) relay.cut((other) => client === undefined || other === client)
  }

  /** True when messages can pass. */
  isReachable(client: string, relay: MemoryRelay): boolean {
    return !relay.down && !this.#partitions.has(`${relay.address} ${client}`)
  }

  /** Tells whoever waits for a change. */
  changed(): void {
    const change = this.#change
    this.#change = Deferred.makeUnsafe<void>()
    Deferred.doneUnsafe(change, Exit.void)
  }

  /** True when id and signature are genuine; remembered, because every relay asks. */
  isGenuine(event: NostrEvent): boolean {
    if (readEvent(event) === undefined || !hasOwnId(event)) return false
    if (this.#genuine.get(event.id) === event.sig) return true
    if (!hasOwnSignature(event)) return false
    this.#genuine.set(event.id, event.sig)
    return true
  }

  /** True when somebody who proved to be these accounts may read the event. */
  maySee(event: NostrEvent, accounts: ReadonlyArray<string>): boolean {
    return !this.guardedKinds.includes(event.kind) ||
      event.tags.some((tag) => tag[0] === "p" && accounts.includes(tag[1] ?? ""))
  }
}
