/**
 * Work that must not stop because the storage failed for a moment, nor unseen.
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

/**
 * Work that is done for as long as the account is open: as {@link patiently}, and begun again a minute
 * after a defect, which is logged without what it says.
 */
export const persistently = <A, R>(
  effect: Effect.Effect<A, ServiceError, R>,
): Effect.Effect<A, ServiceError, R> =>
  patiently(effect).pipe(
    Effect.catchDefect(() =>
      Effect.logError("work stopped by a defect; it begins again in a minute").pipe(
        Effect.andThen(Effect.sleep("1 minute")),
        Effect.andThen(Effect.suspend(() => persistently(effect))),
      )
    ),
  )
