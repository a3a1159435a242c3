/**
 * The random source of this package: the `Entropy` service where one is provided, else the system's,
 * so that an adapter's layer needs nothing.
 *
 * @module
 */
import { Entropy, type EntropyService, systemEntropy } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** The source in use. */
export const randomSource: Effect.Effect<EntropyService> = Effect.map(
  Effect.serviceOption(Entropy),
  Option.getOrElse(() => systemEntropy),
)

/** Sixteen random bytes in hexadecimal, for names that nobody else has. */
export const randomLabel: Effect.Effect<string> = Effect.map(
  randomSource,
  (source) => Array.from(source.bytes(16), (byte) => byte.toString(16).padStart(2, "0")).join(""),
)
