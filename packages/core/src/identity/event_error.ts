/**
 * Why an event is not what its author signed.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"

/**
 * - `malformed`: a field is missing, or has another type or form than NIP-01 says
 * - `wrong-id`: the id is not the hash of the event
 * - `bad-signature`: the signature does not verify for this author and id
 */
export type EventErrorReason = "malformed" | "wrong-id" | "bad-signature"

/** What an {@link EventError} carries. */
export interface EventErrorFields {
  /** What is wrong. */
  readonly reason: EventErrorReason
}

/** An event that must not be trusted. */
export interface EventError extends Cause.YieldableError, EventErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "EventError"
}

/** Creates an {@link EventError}. */
export const EventError: new (fields: EventErrorFields) => EventError = class EventError
  extends Data.TaggedError("EventError")<EventErrorFields> {
  /** One line without a piece of the event. */
  override get message(): string {
    return `event refused: ${this.reason}`
  }
}
