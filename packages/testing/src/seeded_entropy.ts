/**
 * Randomness that can be repeated, for tests and simulations. Never for real keys.
 *
 * @module
 */
import { encodeUtf8 } from "@mdk/core/codec"
import { defaultCryptoProvider } from "@mdk/core/crypto"
import { Entropy, type EntropyService } from "@mdk/core/services"
import * as Layer from "effect/Layer"

const MAX_BYTES = 65_536

/**
 * A source whose bytes follow from its name alone: SHA-256 of the name and a counter.
 *
 * @param name anything; another name, another stream
 *
 * @example
 * ```ts
 * import { seededEntropy } from "@mdk/testing"
 * import assert from "node:assert/strict"
 *
 * assert.deepEqual(seededEntropy("a").bytes(40), seededEntropy("a").bytes(40))
 * ```
 */
export function seededEntropy(name: string | number): EntropyService {
  const crypto = defaultCryptoProvider()
  const label = encodeUtf8(`seeded entropy\0${name}\0`)
  const block = new Uint8Array(label.length + 8)
  block.set(label)
  const counter = new DataView(block.buffer, label.length)
  let next = 0n
  return {
    bytes: (length) => {
      if (!Number.isSafeInteger(length) || length < 0 || length > MAX_BYTES) {
        throw new RangeError("entropy length must be 0 to 65536")
      }
      const bytes = new Uint8Array(length)
      for (let at = 0; at < length; at += 32) {
        counter.setBigUint64(0, next++)
        bytes.set(crypto.sha256(block).subarray(0, length - at), at)
      }
      return bytes
    },
  }
}

/** Provides {@link seededEntropy}. */
export const layerSeededEntropy = (name: string | number): Layer.Layer<Entropy> =>
  Layer.sync(Entropy, () => seededEntropy(name))
