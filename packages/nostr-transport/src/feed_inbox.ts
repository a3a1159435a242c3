/**
 * What one relay sent for one subscription and nobody has looked at yet. Bounded: a WebSocket of the
 * platform cannot be told to pause.
 *
 * @module
 */
import type { NostrEvent } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { ReasonPrefix } from "./reason_prefix.ts"
import type { ConnectionFeed } from "./connection_session.ts"

/** Something that arrived, in order. */
export type FeedItem =
  | { readonly type: "event"; readonly event: NostrEvent }
  | { readonly type: "stored" }
  | { readonly type: "closed"; readonly prefix: ReasonPrefix | undefined }
  | { readonly type: "disconnected" }
  /** From here on events were thrown away: the question must be asked again. */
  | { readonly type: "overrun" }

/** Bounds of an inbox. */
export interface InboxLimits {
  /** Most waiting events. */
  readonly maxEvents: number
  /** Most waiting text, in UTF-16 units. */
  readonly maxLength: number
}

/** The waiting room of one subscription on one connection. */
export class FeedInbox implements ConnectionFeed {
  readonly name: string
  readonly question: () => ReadonlyArray<unknown>
  readonly #limits: InboxLimits
  readonly #arrived: Latch.Latch = Latch.makeUnsafe(false)
  #items: Array<FeedItem> = []
  #length = 0
  #overrun = false

  /** @param question gives the `REQ` message whenever the connection asks */
  constructor(name: string, question: () => ReadonlyArray<unknown>, limits: InboxLimits) {
    this.name = name
    this.question = question
    this.#limits = limits
  }

  /** Everything that waits, in order; waits until there is something. */
  readonly take: Effect.Effect<ReadonlyArray<FeedItem>> = Effect.suspend(() =>
    this.#arrived.await.pipe(Effect.map(() => {
      const items = this.#items
      this.#items = []
      this.#length = 0
      this.#arrived.closeUnsafe()
      return items
    }))
  )

  /** Takes an event that came in a frame of so many UTF-16 units. */
  onEvent(event: NostrEvent, length: number): void {
    if (this.#overrun) return
    if (
      this.#items.length >= this.#limits.maxEvents ||
      this.#length + length > this.#limits.maxLength
    ) {
      this.#overrun = true
      return this.#push({ type: "overrun" })
    }
    this.#length += length
    this.#push({ type: "event", event })
  }

  /** Takes an `EOSE`. */
  onStored(): void {
    if (!this.#overrun) this.#push({ type: "stored" })
  }

  /** Takes a `CLOSED`. */
  onClosed(prefix: ReasonPrefix | undefined): void {
    this.#push({ type: "closed", prefix })
  }

  /** Takes the end of the connection. */
  onDisconnected(): void {
    this.#push({ type: "disconnected" })
  }

  #push(item: FeedItem): void {
    this.#items.push(item)
    this.#arrived.openUnsafe()
  }
}
