/**
 * What every implementation in the MLS benchmark can be asked to do.
 *
 * @module
 */

/** One operation. All work on a group whose tree was warmed by up to four members. */
export type Operation =
  | "key package"
  | "create group"
  | "add: commit"
  | "add: process"
  | "add: join"
  | "update: commit"
  | "update: process"
  | "seal 200 B"
  | "open 200 B"
  | "encode state"
  | "decode state"
  | "store a message"
  | "store a commit"

/** All operations in the order of the report. */
export const operations: ReadonlyArray<Operation> = [
  "key package",
  "create group",
  "add: commit",
  "add: process",
  "add: join",
  "update: commit",
  "update: process",
  "seal 200 B",
  "open 200 B",
  "encode state",
  "decode state",
  "store a message",
  "store a commit",
]

/** Times of the first path after a bulk add, taken once while a group is built. */
export interface ColdTimes {
  /** Making it. */
  readonly commit: number
  /** Reading it. */
  readonly process: number
}

/** An implementation. */
export interface Contestant {
  /** Name in the report. */
  readonly name: string
  /** Builds a group of this size and warms it. */
  setup(size: number): Promise<ColdTimes | undefined>
  /**
   * Repeats an operation; microseconds of each, without what has to be prepared for it. `undefined`
   * where the implementation has no such operation.
   */
  run(operation: Operation, count: number): Promise<ReadonlyArray<number> | undefined>
  /** Ends it. */
  stop(): void
}

/** Leaves of the members who take part; the last of them is the receiver. */
export function warmLeaves(size: number): ReadonlyArray<number> {
  const count = Math.min(size, 4)
  return Array.from({ length: count }, (_, i) => Math.floor(i * size / count))
}
