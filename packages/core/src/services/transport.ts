/**
 * Moves signed events to and from relays. It supplies no truth: nothing that a relay says decides
 * protocol state.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import type { Filter, NostrEvent } from "./nostr_event.ts"
import type { SignerService } from "./signer.ts"

/** What one relay did with a published event. */
export interface RelayAnswer {
  /** The relay, as it was given. */
  readonly relay: string
  /**
   * `accepted`: `OK true` (or `duplicate:`) arrived. `rejected`: `OK false` for good; or nothing was
   * sent, because the address may not be dialled or the relay says that it takes no such message
   * (`too-large`). `unanswered`: the event may or may not be there (no connection, connection lost,
   * time-out, try-again refusals such as rate limits after all retries).
   */
  readonly outcome: "accepted" | "rejected" | "unanswered"
  /**
   * Machine-readable prefix of a refusal (`blocked`, `invalid`, `pow`, `rate-limited`,
   * `auth-required`, `restricted`, `error`, `too-large`); the relay's prose is never passed on.
   */
  readonly prefix?: string
}

/** Proves to relays (NIP-42) who asks. */
export interface SubscriptionIdentity {
  /** Account that authenticates, 64 lower-case hex. Connections are not shared between identities. */
  readonly publicKey: string
  /** Signs the kind 22242 event. */
  readonly signer: SignerService
}

/** A standing question to relays. */
export interface Subscription {
  /** Where to ask; an empty list ends the stream at once. */
  readonly relays: ReadonlyArray<string>
  /** What to ask; never changed by the transport except for `since` and `limit` on reconnects. */
  readonly filters: ReadonlyArray<Filter>
  /**
   * After a reconnect the question is asked again from the newest verified `created_at` (not later
   * than now) minus so many seconds. Gift wraps are dated up to two days back: use 3 days there.
   */
  readonly overlapSeconds: number
  /** Authenticate as, where a relay asks for it. Without it such relays stay silent. */
  readonly identity?: SubscriptionIdentity
}

/** What a subscription gives. */
export type Incoming =
  /** An event whose shape, id, signature and filter were checked. May come again, from any relay. */
  | { readonly _tag: "Event"; readonly relay: string; readonly event: NostrEvent }
  /** This relay sent all that it had stored (`EOSE`); live events follow. Again after a reconnect. */
  | { readonly _tag: "Stored"; readonly relay: string }
  /** This relay cannot serve the question now; the transport goes on trying. */
  | {
    readonly _tag: "Interrupted"
    readonly relay: string
    readonly reason: "disconnected" | "auth-required" | "refused"
  }

/** The answer to a question about stored events. */
export interface Fetched {
  /** Verified events, each once, newest first (ties: lower id first). */
  readonly events: ReadonlyArray<NostrEvent>
  /** Relays that answered completely. */
  readonly complete: ReadonlyArray<string>
  /** Relays that did not (time-out, refusal, no connection). */
  readonly partial: ReadonlyArray<string>
}

/** State of the connection to one relay. */
export type RelayState = "connecting" | "live" | "auth-needed" | "down"

/** Why a transport call failed. Trouble with single relays is an answer, not a failure. */
export type TransportErrorReason = "closed" | "no-relay" | "invalid-event" | "too-large"

/** What a {@link TransportError} carries. Never an event, an address or a relay's text. */
export interface TransportErrorFields {
  /** The call. */
  readonly operation: "publish" | "subscribe" | "fetch"
  /** How the caller should react. */
  readonly reason: TransportErrorReason
  /** The socket's own error, hidden from every printer. */
  readonly cause?: Redacted.Redacted<unknown>
}

/** A transport call failed as a whole. */
export interface TransportError extends Cause.YieldableError, TransportErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "TransportError"
  /** The socket's own error, hidden from every printer. */
  readonly cause?: Redacted.Redacted<unknown>
}

/** Creates a {@link TransportError}. */
export const TransportError: new (fields: TransportErrorFields) => TransportError =
  class TransportError extends Data.TaggedError("TransportError")<TransportErrorFields> {
    /** One line without identifiers. */
    override get message(): string {
      return `transport: ${this.operation} failed: ${this.reason}`
    }
  }

/** Publishes, subscribes and fetches; may be shared by several accounts. */
export interface TransportService {
  /** The relays that the application configured, for an account that has no lists yet. */
  readonly relays: ReadonlyArray<string>
  /** Largest serialized event (UTF-8 bytes of its JSON) worth sending to ordinary relays. */
  readonly maxEventBytes: number
  /**
   * Sends one event to relays. Emits exactly one answer per distinct relay, as they come, and ends.
   * Interruption stops the waiting; it does not unsend. Bounded: every relay has answered or is
   * `unanswered` within the transport's time limit.
   */
  readonly publish: (
    event: NostrEvent,
    relays: ReadonlyArray<string>,
    identity?: SubscriptionIdentity,
  ) => Stream.Stream<RelayAnswer, TransportError>
  /** Asks and goes on asking over reconnects, until interrupted. Back-pressured, bounded. */
  readonly subscribe: (question: Subscription) => Stream.Stream<Incoming, TransportError>
  /** Asks once for stored events. */
  readonly fetch: (
    question: {
      readonly relays: ReadonlyArray<string>
      readonly filters: ReadonlyArray<Filter>
      /** Milliseconds after which slow relays count as partial; default 5000. */
      readonly timeoutMillis?: number
      readonly identity?: SubscriptionIdentity
    },
  ) => Effect.Effect<Fetched, TransportError>
  /** Connection states of all relays in use; current value first, then every change. */
  readonly states: Stream.Stream<ReadonlyMap<string, RelayState>>
}

/** The requirement `Transport` in the `R` of an Effect. */
export interface Transport
  extends Context.ServiceClass.Shape<"@mdk/core/Transport", TransportService> {}

/** Key under which a {@link TransportService} is found: `yield* Transport`. */
export const Transport: Context.ServiceClass<Transport, "@mdk/core/Transport", TransportService> =
  Context.Service<Transport, TransportService>()("@mdk/core/Transport")
