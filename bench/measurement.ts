/**
 * Times of repeated work, and how they are summed up.
 *
 * @module
 */

/** Runs `action` so often and returns each time in microseconds; awaits what it returns. */
export async function timeEach(
  count: number,
  action: (index: number) => unknown,
): Promise<Array<number>> {
  const times: Array<number> = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    const result = action(i)
    if (result instanceof Promise) await result
    times.push((performance.now() - start) * 1000)
  }
  return times
}

/** The average. */
export function mean(times: ReadonlyArray<number>): number {
  return times.reduce((sum, time) => sum + time, 0) / times.length
}

/** The middle value. */
export function median(times: ReadonlyArray<number>): number {
  const sorted = times.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? sorted[middle] as number
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** Microseconds as text, in the unit that reads well. */
export function duration(micros: number): string {
  if (micros < 1000) return `${micros.toFixed(micros < 10 ? 2 : 1)} µs`
  return `${(micros / 1000).toFixed(micros < 10_000 ? 2 : 1)} ms`
}

/** A ratio as text. */
export function ratio(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)}x`
}
