/**
 * Work that must not stop because the storage failed for a moment.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { ServiceError } from "../api/errors.ts"

/** Tries again every five seconds until it succeeds or the account is closed. */
export const patiently = <A, R>(
  effect: Effect.Effect<A, ServiceError, R>,
): Effect.Effect<A, ServiceError, R> =>
  effect.pipe(
    Effect.tapError((error) =>
      error.reason === "closed"
        ? Effect.void
        : Effect.logWarning("trying again", { reason: error.reason })
    ),
    Effect.retry({
      schedule: Schedule.spaced("5 seconds"),
      while: (error) => error.reason !== "closed",
    }),
  )
