/**
 * What a check of the workspace found.
 *
 * @module
 */

/** One place that breaks a rule. */
export interface Finding {
  /** Path relative to the project's root. */
  readonly path: string
  /** Which rule, in one line. */
  readonly problem: string
}

/** A source file as a check sees it. */
export interface SourceFile {
  /** Path relative to the project's root, with forward slashes. */
  readonly path: string
  /** The whole text. */
  readonly text: string
}
