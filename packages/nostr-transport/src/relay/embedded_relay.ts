/**
 * A Nostr relay inside this process, for demos and tests. **Not for production**: it listens on
 * loopback only, keeps everything in memory, forgets it when it is dropped, and misbehaves on demand.
 *
 * NIP-01, 09, 11 (HTTP on the same port), 40, 42, 45, 59 (gift wraps go to their recipient only), 70;
 * the same on Deno, Bun and Node.
 *
 * @module
 */
import type { NostrEvent } from "@mdk/core/services"
import { randomBytes } from "node:crypto"
import { readEvent } from "../event_shape.ts"
import { seededRandom } from "../seeded_random.ts"
import { EventStore } from "./event_store.ts"
import type { HttpRequest, HttpResponse } from "./http_head.ts"
import { planDeliveries, type RelayFaults, type RelayMessage } from "./relay_faults.ts"
import { defaultRelayLimits, relayInformation, type RelayLimits } from "./relay_information.ts"
import { type RelayCore, RelaySession } from "./relay_session.ts"
import type { WebSocketClient } from "./websocket_client.ts"
import { WebSocketServer } from "./websocket_server.ts"

/** How an {@link EmbeddedRelay} behaves. */
export interface EmbeddedRelayOptions {
  /** TCP port on 127.0.0.1; 0, the default, lets the system choose one. */
  readonly port?: number
  /** Reading and writing need authentication (NIP-42); default false. */
  readonly authRequired?: boolean
  /** Kinds that only those named in a `p` tag may read, after authentication; default `[1059]`. */
  readonly guardedKinds?: ReadonlyArray<number>
  /** Challenge every client as it connects; by default only when something needs authentication. */
  readonly challengeOnConnect?: boolean
  /** Limits that differ from {@link defaultRelayLimits}. */
  readonly limits?: Partial<RelayLimits>
  /** Faults from the start; see {@link EmbeddedRelay.setFaults}. */
  readonly faults?: RelayFaults
  /** Makes random faults repeatable; default 1. */
  readonly seed?: number
  /** Unix seconds; by default the system's clock. */
  readonly now?: () => number
}

/** Something that the relay saw. */
export interface RelayObservation {
  /** Number of the connection, from 1. */
  readonly client: number
  /** Seen from the relay. */
  readonly direction: "received" | "sent"
  /** `EVENT`, `REQ`, `OK` and so on; empty when it was not even a message. */
  readonly verb: string
  /** UTF-8 bytes of the whole message. */
  readonly bytes: number
  /** What an `EVENT` message carries, when it is well-formed; not verified. */
  readonly event?: NostrEvent
  /** What an `OK` message says. */
  readonly accepted?: boolean
}

/** A relay on loopback. Nothing is opened before {@link EmbeddedRelay.start}. */
export class EmbeddedRelay {
  readonly #core: RelayCore
  readonly #server: WebSocketServer
  readonly #store: EventStore
  readonly #sessions: Map<WebSocketClient, RelaySession> = new Map()
  readonly #observers: Set<(observation: RelayObservation) => void> = new Set()
  readonly #timers: Set<ReturnType<typeof setTimeout>> = new Set()
  readonly #random: () => number
  #faults: RelayFaults
  #port: number

  /** A stopped relay without events. */
  constructor(options: EmbeddedRelayOptions = {}) {
    const limits: RelayLimits = { ...defaultRelayLimits, ...options.limits }
    this.#port = options.port ?? 0
    this.#faults = options.faults ?? {}
    this.#random = seededRandom(options.seed ?? 1)
    this.#store = new EventStore({ maxEvents: limits.maxEvents, maxBytes: limits.maxStoredBytes })
    this.#core = {
      limits,
      store: this.#store,
      authRequired: options.authRequired ?? false,
      guardedKinds: options.guardedKinds ?? [1059],
      faults: () => this.#faults,
      now: options.now ?? (() => Math.floor(Date.now() / 1000)),
      newChallenge: () => randomBytes(16).toString("hex"),
      isOwnUrl: (url) => this.#isOwnUrl(url),
      broadcast: (event) => this.#broadcast(event),
    }
    this.#server = new WebSocketServer({
      onSocket: () => this.#faults.admission ?? "accept",
      onOpen: (client) => this.#open(client, options.challengeOnConnect ?? false),
      onText: (client, text, bytes) => this.#receive(client, text, bytes),
      onClose: (client) => this.#sessions.delete(client),
      onHttp: (request) => this.#answerHttp(request),
    }, { ...limits, handshakeMillis: 10_000 })
  }

  /** Port on 127.0.0.1; 0 before the first start when the system is to choose. */
  get port(): number {
    return this.#port
  }

  /** Where clients connect, for instance `ws://127.0.0.1:7777`. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}`
  }

  /** Stored events, in order of arrival. */
  get events(): ReadonlyArray<NostrEvent> {
    return this.#store.events
  }

  /** Connected clients in order of acceptance; each can be cut, reset, frozen or sent bad frames. */
  get clients(): ReadonlyArray<WebSocketClient> {
    return this.#server.clients
  }

  /** Open subscriptions, per client number. */
  get subscriptions(): ReadonlyMap<number, ReadonlyArray<string>> {
    return new Map([...this.#sessions].map(([client, session]) => [
      client.id,
      session.subscriptions,
    ]))
  }

  /**
   * Starts to listen. After a {@link EmbeddedRelay.stop} it listens on the same port again and still
   * has its events. Rejects with the system's error, for instance `EADDRINUSE`.
   */
  async start(): Promise<this> {
    this.#port = await this.#server.listen(this.#port)
    return this
  }

  /** Cuts every connection and stops to listen; `reset` cuts with RST. Events stay. */
  async stop(options: { readonly reset?: boolean } = {}): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    this.#sessions.clear()
    await this.#server.stop(options.reset ?? false)
  }

  /** Replaces all faults; `{}` makes the relay behave again. */
  setFaults(faults: RelayFaults): void {
    this.#faults = faults
  }

  /** Calls `observer` for everything that is received and sent, until the result is called. */
  observe(observer: (observation: RelayObservation) => void): () => void {
    this.#observers.add(observer)
    return () => this.#observers.delete(observer)
  }

  /** Stores an event unchecked, as if it had been there all along; nobody is told. */
  seed(event: NostrEvent): void {
    this.#store.add(event, JSON.stringify(event).length)
  }

  /** Forgets one event; false when there is none of that id. */
  forget(id: string): boolean {
    return this.#store.remove(id)
  }

  /** Sends one message to a client, faults applied. */
  send(client: WebSocketClient, message: RelayMessage): void {
    for (const delivery of planDeliveries(this.#faults, client.id, message, this.#random)) {
      if (delivery.delayMillis === 0) {
        this.#transmit(client, delivery.message)
        continue
      }
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        this.#transmit(client, delivery.message)
      }, delivery.delayMillis)
      this.#timers.add(timer)
    }
  }

  /** Sends a fresh challenge (NIP-42) to a client. */
  challenge(client: WebSocketClient): void {
    this.#sessions.get(client)?.challenge()
  }

  #open(client: WebSocketClient, challenge: boolean): void {
    const session = new RelaySession(this.#core, (message) => this.send(client, message))
    this.#sessions.set(client, session)
    if (challenge) session.challenge()
  }

  #receive(client: WebSocketClient, text: string, bytes: number): void {
    const session = this.#sessions.get(client)
    if (session === undefined) return
    let message: unknown
    try {
      message = JSON.parse(text)
    } catch {
      message = undefined
    }
    if (!Array.isArray(message)) {
      this.#report(client, "received", [], bytes)
      this.send(client, ["NOTICE", "error: a message is a JSON array"])
      return
    }
    this.#report(client, "received", message, bytes)
    for (const one of this.#faults.incoming?.(client.id, message) ?? [message]) {
      session.receive(one, bytes)
    }
  }

  #transmit(client: WebSocketClient, message: RelayMessage): void {
    if (!client.open) return
    const text = JSON.stringify(message)
    client.sendText(text)
    if (this.#observers.size > 0) {
      this.#report(client, "sent", message, new TextEncoder().encode(text).length)
    }
  }

  #report(
    client: WebSocketClient,
    direction: "received" | "sent",
    message: RelayMessage,
    bytes: number,
  ): void {
    if (this.#observers.size === 0) return
    const verb = typeof message[0] === "string" ? message[0] : ""
    const carried = verb === "EVENT" ? message[direction === "received" ? 1 : 2] : undefined
    const event = readEvent(carried)
    const observation: RelayObservation = {
      client: client.id,
      direction,
      verb,
      bytes,
      ...(event === undefined ? {} : { event }),
      ...(verb === "OK" ? { accepted: message[2] === true } : {}),
    }
    for (const observer of this.#observers) observer(observation)
  }

  #broadcast(event: NostrEvent): void {
    for (const session of this.#sessions.values()) session.offer(event)
  }

  #isOwnUrl(url: string): boolean {
    if (!URL.canParse(url)) return false
    const { href } = new URL(url)
    return ["127.0.0.1", "localhost"].some((host) => href === `ws://${host}:${this.#port}/`)
  }

  #answerHttp(request: HttpRequest): HttpResponse {
    const cors = {
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Allow-Headers": "*",
      "Access-Control-Allow-Methods": "GET",
    }
    if (request.method === "OPTIONS") return { status: 204, headers: cors }
    const wantsDocument = (request.headers.get("accept") ?? "").includes("application/nostr+json")
    if (request.method !== "GET" || !wantsDocument) {
      return { status: 426, headers: { Upgrade: "websocket" } }
    }
    return {
      status: 200,
      headers: { ...cors, "Content-Type": "application/nostr+json" },
      body: relayInformation(this.#core.limits, this.#core.authRequired),
    }
  }
}
