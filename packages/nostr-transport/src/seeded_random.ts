/**
 * A reproducible sequence of numbers for injected faults. Never for secrets.
 *
 * @module
 */

/** Numbers from 0 (inclusive) to 1 (exclusive); the same for the same seed (a 32-bit integer). */
export function seededRandom(seed: number): () => number {
  // A 32-bit xorshift generator: zero is its only fixed point, hence the constant.
  let state = (seed ^ 0x2545f491) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 4_294_967_296
  }
}
