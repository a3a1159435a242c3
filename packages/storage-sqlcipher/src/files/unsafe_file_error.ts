/**
 * A file or directory that must not be trusted.
 *
 * @module
 */

/** What is wrong with a file or directory; never its path. */
export type UnsafeFileCause =
  | "symbolic-link"
  | "foreign-owner"
  | "writable-by-others"
  | "not-a-directory"
  | "not-a-regular-file"
  | "several-links"
  | "exchanged"
  | "access-control-failed"

/** A file or directory is not safe to use. */
export class UnsafeFileError extends Error {
  /** What is wrong. */
  readonly unsafe: UnsafeFileCause

  constructor(unsafe: UnsafeFileCause) {
    super(`unsafe file: ${unsafe}`)
    this.name = "UnsafeFileError"
    this.unsafe = unsafe
  }
}
