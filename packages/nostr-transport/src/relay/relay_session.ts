/**
 * What the relay knows about one connection and how it answers (NIP-01, 42, 45, 59, 70).
 *
 * @module
 */
import type { Filter, NostrEvent } from "@mdk/core/services"
import { firstTag, readEvent } from "../event_shape.ts"
import { hasOwnId, hasOwnSignature } from "../event_verification.ts"
import { matchesAnyFilter, readFilter } from "../filter.ts"
import { type EventStore, isExpired } from "./event_store.ts"
import type { RelayFaults, RelayMessage } from "./relay_faults.ts"
import type { RelayLimits } from "./relay_information.ts"

/** What all sessions of a relay share. */
export interface RelayCore {
  readonly limits: RelayLimits
  readonly store: EventStore
  /** Writing and reading need authentication. */
  readonly authRequired: boolean
  /** Kinds that only those named in a `p` tag may read, after authentication. */
  readonly guardedKinds: ReadonlyArray<number>
  /** Current faults. */
  readonly faults: () => RelayFaults
  /** Unix seconds. */
  readonly now: () => number
  /** A fresh, unguessable challenge. */
  readonly newChallenge: () => string
  /** True when an AUTH event's `relay` tag names this relay. */
  readonly isOwnUrl: (url: string) => boolean
  /** Shows a new event to all sessions. */
  readonly broadcast: (event: NostrEvent) => void
}

/** One client's subscriptions and identities. */
export class RelaySession {
  readonly #core: RelayCore
  readonly #send: (message: RelayMessage) => void
  readonly #subscriptions: Map<string, ReadonlyArray<Filter>> = new Map()
  readonly #authenticated: Set<string> = new Set()
  #challenge: string | undefined

  /** @param send puts one message on this client's way */
  constructor(core: RelayCore, send: (message: RelayMessage) => void) {
    this.#core = core
    this.#send = send
  }

  /** Names of the open subscriptions. */
  get subscriptions(): ReadonlyArray<string> {
    return [...this.#subscriptions.keys()]
  }

  /** Public keys that proved themselves on this connection. */
  get authenticated(): ReadonlyArray<string> {
    return [...this.#authenticated]
  }

  /** Sends a new challenge (NIP-42); the former one is void. */
  challenge(): void {
    this.#challenge = this.#core.newChallenge()
    this.#send(["AUTH", this.#challenge])
  }

  /** Answers one message; `bytes` is its size on the wire. */
  receive(message: RelayMessage, bytes: number): void {
    if (this.#core.faults().neverAnswer === true) return
    const [verb, first, ...rest] = message
    switch (verb) {
      case "EVENT":
        return this.#publish(first, bytes)
      case "REQ":
      case "COUNT":
        return this.#ask(verb, first, rest)
      case "CLOSE":
        if (typeof first === "string") this.#subscriptions.delete(first)
        return
      case "AUTH":
        return this.#authenticate(first)
      default:
        this.#send(["NOTICE", "error: unknown command"])
    }
  }

  /** Sends a new event to those subscriptions that ask for it. */
  offer(event: NostrEvent): void {
    if (!this.#maySee(event)) return
    for (const [name, filters] of this.#subscriptions) {
      if (matchesAnyFilter(filters, event)) this.#send(["EVENT", name, event])
    }
  }

  #publish(value: unknown, bytes: number): void {
    const event = readEvent(value)
    if (event === undefined) {
      const id = typeof value === "object" && value !== null && "id" in value ? value.id : undefined
      if (typeof id === "string") this.#ok(id.slice(0, 64), false, "invalid: malformed event")
      else this.#send(["NOTICE", "error: malformed event"])
      return
    }
    const refusal = this.#refusal(event, bytes)
    if (refusal !== undefined) {
      if (refusal.startsWith("auth-required:") && this.#challenge === undefined) this.challenge()
      return this.#ok(event.id, false, refusal)
    }
    const outcome = this.#core.store.add(event, bytes)
    if (outcome === "deleted") {
      return this.#ok(event.id, false, "blocked: the author deleted this event")
    }
    if (outcome === "duplicate" || outcome === "superseded") {
      return this.#ok(event.id, true, "duplicate: have this or a newer event")
    }
    this.#ok(event.id, true, "")
    this.#core.broadcast(event)
  }

  #refusal(event: NostrEvent, bytes: number): string | undefined {
    const { limits, authRequired, now, faults } = this.#core
    if (bytes > limits.maxEventBytes + 12) return "invalid: event too large"
    if (!hasOwnId(event)) return "invalid: the id is not the event's hash"
    if (!hasOwnSignature(event)) return "invalid: bad signature"
    if (event.kind === 22_242) return "invalid: authentication is not published"
    if (event.created_at > now() + limits.maxFutureSeconds) return "invalid: created_at too late"
    if (isExpired(event, now())) return "invalid: the event is expired"
    const isProtected = event.tags.some((tag) => tag.length === 1 && tag[0] === "-")
    if (isProtected && !this.#authenticated.has(event.pubkey)) {
      return "auth-required: only its author may publish a protected event"
    }
    if (authRequired && this.#authenticated.size === 0) return "auth-required: to publish"
    return faults().refuseEvents
  }

  #ask(verb: "REQ" | "COUNT", name: unknown, values: ReadonlyArray<unknown>): void {
    if (typeof name !== "string" || name.length === 0 || name.length > 64) {
      this.#send(["NOTICE", "error: a subscription's name has 1 to 64 characters"])
      return
    }
    const filters = values.map(readFilter).filter((filter) => filter !== undefined)
    if (values.length === 0 || filters.length !== values.length) {
      return this.#closed(name, "invalid: malformed filter")
    }
    const refusal = this.#questionRefusal(name, filters)
    if (refusal !== undefined) {
      if (refusal.startsWith("auth-required:") && this.#challenge === undefined) this.challenge()
      return this.#closed(name, refusal)
    }
    const { store, limits, now } = this.#core
    const visible = (event: NostrEvent): boolean => this.#maySee(event)
    if (verb === "COUNT") {
      const count = store.query(filters, now(), limits.maxEvents, visible).length
      this.#send(["COUNT", name, { count }])
      return
    }
    this.#subscriptions.set(name, filters)
    for (const event of store.query(filters, now(), limits.maxLimit, visible)) {
      this.#send(["EVENT", name, event])
    }
    this.#send(["EOSE", name])
  }

  #questionRefusal(name: string, filters: ReadonlyArray<Filter>): string | undefined {
    const { limits, authRequired, guardedKinds, faults } = this.#core
    const fault = faults().refuseQuestions
    if (fault !== undefined) return fault
    if (filters.length > limits.maxFilters) return "invalid: too many filters"
    if (!this.#subscriptions.has(name) && this.#subscriptions.size >= limits.maxSubscriptions) {
      return "rate-limited: too many subscriptions"
    }
    const guarded = filters.filter((filter) =>
      filter.kinds?.some((kind) => guardedKinds.includes(kind)) === true
    )
    if (this.#authenticated.size === 0 && (authRequired || guarded.length > 0)) {
      return "auth-required: to read these events"
    }
    const foreign = guarded.some((filter) => {
      const recipients = filter.tags?.["p"]
      return recipients !== undefined &&
        !recipients.some((recipient) => this.#authenticated.has(recipient))
    })
    return foreign ? "restricted: these events are for somebody else" : undefined
  }

  #authenticate(value: unknown): void {
    const event = readEvent(value)
    if (event === undefined) {
      this.#send(["NOTICE", "error: malformed authentication"])
      return
    }
    const refusal = this.#authRefusal(event)
    if (refusal !== undefined) return this.#ok(event.id, false, refusal)
    this.#authenticated.add(event.pubkey)
    this.#ok(event.id, true, "")
  }

  #authRefusal(event: NostrEvent): string | undefined {
    if (!hasOwnId(event) || !hasOwnSignature(event)) return "invalid: bad signature"
    if (event.kind !== 22_242) return "invalid: an authentication has kind 22242"
    if (this.#challenge === undefined || firstTag(event, "challenge") !== this.#challenge) {
      return "invalid: wrong challenge"
    }
    if (!this.#core.isOwnUrl(firstTag(event, "relay") ?? "")) return "invalid: wrong relay"
    if (Math.abs(event.created_at - this.#core.now()) > 600) return "invalid: created_at"
    return this.#core.faults().refuseAuth
  }

  #maySee(event: NostrEvent): boolean {
    if (!this.#core.guardedKinds.includes(event.kind)) return true
    return event.tags.some((tag) => tag[0] === "p" && this.#authenticated.has(tag[1] ?? ""))
  }

  #ok(id: string, accepted: boolean, text: string): void {
    const prefix = accepted ? "" : this.#core.faults().reasonPrefix ?? ""
    this.#send(["OK", id, accepted, `${prefix}${text}`])
  }

  #closed(name: string, text: string): void {
    this.#subscriptions.delete(name)
    this.#send(["CLOSED", name, `${this.#core.faults().reasonPrefix ?? ""}${text}`])
  }
}
