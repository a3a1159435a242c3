/**
 * Positions: safe integers that only grow, across restarts and whatever the clock does. They order
 * timelines, groups, intents and invitations on this device.
 *
 * @module
 */

/** Hands out positions. */
export interface Positions {
  /** A position greater than every one before; near `now` (Unix milliseconds) times 1024. */
  readonly next: (now: number) => number
}

const PER_MILLISECOND = 1024
/** A clock in the far future must not use up the integers that can be counted on from. */
const LATEST = 2 ** 52

/** @param last the greatest position in the storage, 0 where there is none. */
export function makePositions(last: number): Positions {
  let current = last
  return {
    next: (now) => {
      current = Math.max(current + 1, Math.min(Math.trunc(now) * PER_MILLISECOND, LATEST))
      return current
    },
  }
}
