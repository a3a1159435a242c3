/**
 * Synchronous work as an Effect whose failures are those of maintenance.
 *
 * @module
 */
import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { failureOf } from "../driver/failure.ts"

/** Runs a body; what it throws becomes a {@link StorageError} of the operation `maintain`. */
export const attempt = <A>(body: () => A): Effect.Effect<A, StorageError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(body())
    } catch (error) {
      return Effect.fail(failureOf("maintain", error))
    }
  })
