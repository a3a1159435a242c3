/**
 * Pages: every list is one.
 *
 * @module
 */
import type * as Brand from "effect/Brand"

/**
 * A position in a list of `T`. Opaque; survives restarts and new entries; is refused only for
 * another list.
 */
export type Cursor<T> = string & Brand.Brand<"Cursor"> & { readonly _of?: T }

/** A part of a list, newest first. */
export interface Page<T> {
  /** The entries, newest first. */
  readonly items: ReadonlyArray<T>
  /** Where older entries begin; absent at the end. */
  readonly older?: Cursor<T>
  /** Where newer entries begin; absent at the newest. */
  readonly newer?: Cursor<T>
}

/** Which part of a list. Without a cursor: the newest entries. At most one cursor. */
export interface PageOf<T, Q> {
  /** 1 to 500; default 50. */
  readonly limit?: number
  /** Entries older than this position. */
  readonly before?: Cursor<T>
  /** Entries newer than this position. */
  readonly after?: Cursor<T>
  /** Restrict to entries with these properties. */
  readonly where?: Q
}
