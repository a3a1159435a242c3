/**
 * The one source of secret randomness.
 *
 * Protocol code never calls a random source by itself: a seeded {@link EntropyService} makes every
 * run replayable, the system's one makes it safe.
 *
 * @module
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** A synchronous source of cryptographic random bytes. */
export interface EntropyService {
  /**
   * Returns `length` fresh bytes that the caller owns (and zeroes, when they are secret).
   *
   * @param length how many bytes, 0 to 65 536; other values throw a `RangeError`, which is a bug of
   * the caller.
   */
  readonly bytes: (length: number) => Uint8Array
}

/** The requirement `Entropy` in the `R` of an Effect. */
export interface Entropy extends Context.ServiceClass.Shape<"@mdk/core/Entropy", EntropyService> {}

/** Key under which an {@link EntropyService} is found: `yield* Entropy`. */
export const Entropy: Context.ServiceClass<Entropy, "@mdk/core/Entropy", EntropyService> = Context
  .Service<Entropy, EntropyService>()("@mdk/core/Entropy")

/** The system's random source (`crypto.getRandomValues`); needs no permission on any runtime. */
export const systemEntropy: EntropyService = {
  bytes: (length) => {
    if (!Number.isSafeInteger(length) || length < 0 || length > 65_536) {
      throw new RangeError("entropy length must be 0 to 65536")
    }
    return globalThis.crypto.getRandomValues(new Uint8Array(length))
  },
}

/** Provides {@link systemEntropy}. */
export const layerSystemEntropy: Layer.Layer<Entropy> = Layer.succeed(Entropy, systemEntropy)
