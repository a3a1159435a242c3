/**
 * Randomness that repeats, for tests.
 *
 * @module
 */
import { sha256 } from "@noble/hashes/sha2.js"
import type { EntropyService } from "@mdk/core/services"

/** A source whose bytes depend on the seed only. */
export function seededEntropy(seed: string): EntropyService {
  let counter = 0
  return {
    bytes: (length) => {
      const out = new Uint8Array(length)
      for (let at = 0; at < length; at += 32) {
        const block = sha256(new TextEncoder().encode(`${seed} ${counter++}`))
        out.set(block.subarray(0, Math.min(32, length - at)), at)
      }
      return out
    },
  }
}
