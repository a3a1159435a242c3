/**
 * How far a long operation on a database file has come: steps and counts, nothing that names anything.
 *
 * @module
 */

/**
 * The steps of all operations. Each operation runs some of them, in this order:
 *
 * - `settle`: what an earlier crash left is settled, the write-ahead log is emptied
 * - `copy`: the new file is written; counted in pages
 * - `encrypt`: the new file is encrypted
 * - `mark`: the new file is marked as a restored one
 * - `check-pages`: every page is authenticated; counted in pages
 * - `check-structure`: tables, indexes and full-text indexes are checked
 * - `check-content`: contents are compared, or values checked; counted in tables or values
 * - `record`: the record beside the database names the new file
 * - `swap`: the new file takes the place of the old one
 * - `reopen`: the new file is opened where it now is
 * - `destroy`: the unencrypted original is overwritten; counted in bytes
 * - `done`
 */
export type LifecycleStep =
  | "settle"
  | "copy"
  | "encrypt"
  | "mark"
  | "check-pages"
  | "check-structure"
  | "check-content"
  | "record"
  | "swap"
  | "reopen"
  | "destroy"
  | "done"

/** How far an operation has come. */
export interface LifecycleProgress {
  /** What it is doing. */
  readonly step: LifecycleStep
  /** How much of the step is done, from 0. */
  readonly done: number
  /** What `done` will be at the end of the step. */
  readonly total: number
}

/**
 * Is told at the beginning, the end and in the middle of every step, synchronously. What it throws
 * stops the operation as a failure of that step would.
 */
export type OnProgress = (progress: LifecycleProgress) => void

/** Tells nobody. */
export const silent: OnProgress = () => {}

/** Reports a step of one piece around a body. */
export function reported<A>(onProgress: OnProgress, step: LifecycleStep, body: () => A): A {
  onProgress({ step, done: 0, total: 1 })
  const result = body()
  onProgress({ step, done: 1, total: 1 })
  return result
}
