/**
 * How long to wait before a relay is dialled again.
 *
 * @module
 */

/** Milliseconds that shape the waiting. */
export interface ReconnectTiming {
  /** Upper bound of the first wait. */
  readonly baseMillis: number
  /** Upper bound of every wait. */
  readonly capMillis: number
  /** A connection that lived so long starts the series anew. */
  readonly dwellMillis: number
}

/**
 * Full jitter: anything between a tenth and the whole of `base · 2^attempt`, capped. A tenth at
 * least, so that a relay that accepts and drops at once is not hammered.
 *
 * @param attempt failed attempts before this wait, from 0
 * @param random from 0 (inclusive) to 1 (exclusive)
 */
export function reconnectDelay(timing: ReconnectTiming, attempt: number, random: number): number {
  const bound = Math.min(timing.capMillis, timing.baseMillis * 2 ** Math.min(attempt, 30))
  return Math.round(bound * (0.1 + 0.9 * random))
}
