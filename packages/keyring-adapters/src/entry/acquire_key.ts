/**
 * Keys with a lifetime: zeroed when the scope closes.
 *
 * @module
 */
import type { KeyStoreError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"

/** Zeroes the bytes of a key. */
export const wipe = (key: Redacted.Redacted<Uint8Array>): Effect.Effect<void> =>
  Effect.sync(() => {
    Redacted.value(key).fill(0)
  })

/** Takes over the key that `get` answers, if any. */
export const acquireKey = (
  get: Effect.Effect<Option.Option<Redacted.Redacted<Uint8Array>>, KeyStoreError>,
): Effect.Effect<Option.Option<Redacted.Redacted<Uint8Array>>, KeyStoreError, Scope.Scope> =>
  Effect.acquireRelease(
    get,
    (key) => Option.isSome(key) ? wipe(key.value) : Effect.void,
    { interruptible: true },
  )
