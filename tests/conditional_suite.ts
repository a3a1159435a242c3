/**
 * A suite that needs something which may be absent.
 *
 * @module
 */
import { describe, test } from "node:test"

/** What stands in the way, if anything; the reason is printed. */
export interface Need {
  /** Why the suite cannot run. */
  readonly skip?: string
}

/** Defines the suite, or one skipped test with the reason in its place. */
export function conditionalSuite(name: string, need: Need, define: () => void): void {
  if (need.skip === undefined) describe(name, define)
  else test(name, { skip: need.skip }, () => {})
}
