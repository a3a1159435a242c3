/**
 * Runs Effects of key stores in tests.
 *
 * @module
 */
import type { KeyStoreError, KeyStoreErrorReason, KeyStoreService } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

/** The name that most tests use. */
export const name = { serviceId: "org.example.test", keyId: "db" }

/** Thirty-two equal bytes. */
export const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)

/** The same, hidden. */
export const hide = (fill: number): Redacted.Redacted<Uint8Array> => Redacted.make(key(fill))

/** The reason with which an Effect fails, or that it does not. */
export const reasonOf = async <A>(
  effect: Effect.Effect<A, KeyStoreError>,
): Promise<KeyStoreErrorReason | "succeeded"> => {
  const result = await Effect.runPromise(Effect.result(effect))
  return Result.isFailure(result) ? result.failure.reason : "succeeded"
}

/** The first byte of a stored key, undefined when there is none. */
export const fillOf = async (
  store: KeyStoreService,
  at: { readonly serviceId: string; readonly keyId: string } = name,
): Promise<number | undefined> =>
  Option.getOrUndefined(
    Option.map(await Effect.runPromise(store.get(at)), (bytes) => Redacted.value(bytes)[0]),
  )
