/**
 * What the workspace's commands write: plain lines, and the one closing line that others read.
 *
 * @module
 */
import process from "node:process"

/** Writes one line to standard output. */
export function say(line = ""): void {
  process.stdout.write(`${line}\n`)
}

/** What a command counted. */
export interface Tally {
  /** Cases that held. */
  passed: number
  /** Cases that did not. */
  failed: number
  /** Cases that were not run, each with a printed reason. */
  skipped: number
}

/** The closing line of every command: `N passed, M failed`, and `, K skipped` where there are any. */
export function closingLine(tally: Tally): string {
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : ""
  return `${tally.passed} passed, ${tally.failed} failed${skipped}`
}

/** Seconds since `start` (`performance.now()`), for progress lines. */
export function secondsSince(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`
}
