/**
 * Checks and wrappers for the 32 bytes on their way in and out of a store.
 *
 * @module
 */
import { KEY_LENGTH, type KeyStoreError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { failure, type KeyStoreOperation } from "./failure.ts"

/**
 * Gives the bytes of a key that is about to be stored, not a copy.
 *
 * Fails with `invalid-key` unless they are 32 bytes of which at least one is not zero: a key of
 * zeros is what remains of a buffer that was zeroed too early, and nothing may be encrypted with it.
 */
export const keyToStore = (
  key: Redacted.Redacted<Uint8Array>,
  operation: KeyStoreOperation,
): Effect.Effect<Uint8Array, KeyStoreError> =>
  Effect.suspend(() => {
    const bytes = Redacted.value(key)
    return bytes.length === KEY_LENGTH && bytes.some((byte) => byte !== 0)
      ? Effect.succeed(bytes)
      : Effect.fail(failure(operation, "invalid-key"))
  })

/** Hides bytes from every printer. The holder of the result zeroes them. */
export const redact = (bytes: Uint8Array): Redacted.Redacted<Uint8Array> => Redacted.make(bytes)
