/**
 * Where a passphrase comes from.
 *
 * @module
 */
import type { KeyStoreError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { failure } from "../entry/failure.ts"

/** Longest passphrase in bytes. */
export const MAX_PASSPHRASE_BYTES = 4096

/**
 * What the passphrase is for: to open keys that exist, or to protect the first one. A program that
 * asks a person asks twice for a `new` one.
 */
export type PassphrasePurpose = "existing" | "new"

/**
 * Gives a passphrase. The receiver owns the bytes and zeroes them.
 *
 * Fails with `locked` when a person declined and with `unavailable` when the source is broken.
 */
export type PassphraseSource = (
  purpose: PassphrasePurpose,
) => Effect.Effect<Redacted.Redacted<Uint8Array>, KeyStoreError>

const EMPTY = "An empty passphrase protects nothing. Choose another one."
const TOO_LONG = "The passphrase is longer than 4096 bytes."
const DECLINED = "No passphrase was given. Try again."

/** Takes ownership of bytes as a passphrase. */
export const acceptPassphrase = (
  bytes: Uint8Array,
): Effect.Effect<Redacted.Redacted<Uint8Array>, KeyStoreError> => {
  if (bytes.length === 0) {
    return Effect.fail(failure("open", { reason: "wrong-passphrase", advice: EMPTY }))
  }
  if (bytes.length > MAX_PASSPHRASE_BYTES) {
    bytes.fill(0)
    return Effect.fail(failure("open", { reason: "wrong-passphrase", advice: TOO_LONG }))
  }
  return Effect.succeed(Redacted.make(bytes))
}

/**
 * Asks the program.
 *
 * The answer is a string, which is normalized (NFC) so that the same passphrase typed on another
 * system is the same bytes, or bytes, which are taken as they are and which, unlike a string, can be
 * zeroed. Undefined or a rejection means that the person declined: `locked`.
 *
 * @example
 * ```ts
 * import { Passphrase } from "@mdk/keyring-adapters"
 *
 * const ask = Passphrase.fromCallback((purpose) =>
 *   Promise.resolve(purpose === "new" ? "correct horse" : undefined)
 * )
 * ask("new")
 * ```
 */
export const fromCallback = (
  ask: (
    purpose: PassphrasePurpose,
  ) => Promise<string | Uint8Array | undefined>,
): PassphraseSource =>
(purpose) =>
  Effect.tryPromise({
    try: async () => await ask(purpose),
    catch: (cause) => failure("open", { reason: "locked", advice: DECLINED }, cause),
  }).pipe(
    Effect.flatMap((answer) =>
      answer === undefined
        ? Effect.fail(failure("open", { reason: "locked", advice: DECLINED }))
        : acceptPassphrase(
          typeof answer === "string"
            ? new TextEncoder().encode(answer.normalize("NFC"))
            : answer.slice(),
        )
    ),
  )
