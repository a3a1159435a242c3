/**
 * Keeps a client below a relay's rate limit.
 *
 * @module
 */

/** A bucket's size and refill. */
export interface SendRate {
  /** Messages that may be sent at once. */
  readonly burst: number
  /** Messages a second after that. */
  readonly perSecond: number
}

/** Counts tokens over a clock that is passed in. */
export class TokenBucket {
  readonly #rate: SendRate
  #tokens: number
  #at: number

  /** A full bucket at time `now` (milliseconds). */
  constructor(rate: SendRate, now: number) {
    this.#rate = rate
    this.#tokens = rate.burst
    this.#at = now
  }

  /**
   * Takes a token, if need be on credit.
   *
   * @returns milliseconds to wait before sending; 0 when a token was there
   */
  take(now: number): number {
    const elapsed = Math.max(0, now - this.#at)
    this.#at = now
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + elapsed * this.#rate.perSecond / 1000)
    this.#tokens -= 1
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens * 1000 / this.#rate.perSecond)
  }
}
