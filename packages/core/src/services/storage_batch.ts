/**
 * Batches: the only way to write. A batch is data; an adapter interprets five verbs.
 *
 * @module
 */

/** A value of a lookup column. Text compares by UTF-8 bytes, bytes by `memcmp`. */
export type Scalar = string | number | Uint8Array | null

/** Declares how a collection is looked up. Changing a declaration is a new collection name. */
export interface Collection {
  /** `[a-z][a-z0-9_]{0,40}`, unique within the database. */
  readonly name: string
  /**
   * `keyed`: rows have a key that the writer chooses. `log`: rows are appended and their key is a
   * sequence number from 1, assigned by the adapter, never reused.
   */
  readonly kind: "keyed" | "log"
  /** Lookup columns (name `[a-z][a-z0-9_]{0,40}`) and their types; any may be null. */
  readonly columns: Readonly<Record<string, "text" | "integer" | "bytes">>
  /**
   * Named indexes: ordered lists of columns. Rows with equal columns are ordered by key
   * (`keyed`: UTF-8 bytes; `log`: sequence number).
   */
  readonly indexes: Readonly<Record<string, ReadonlyArray<string>>>
  /** True when rows carry `text` that {@link StorageService.search} finds. */
  readonly searchable?: boolean
  /**
   * The `integer` column of a searchable `keyed` collection that orders what a search finds, whenever
   * and however often a row was written. Every row has one, from 1, and no two rows the same: a row that
   * is written with the number of another replaces that one. Absent: the order of writing.
   */
  readonly searchOrder?: string
}

/** One row as it is written. */
export interface RowData {
  /**
   * Values of the declared columns; a column left out is null. Integers are safe integers; texts
   * and bytes have at most 4096 bytes (UTF-8), texts no lone surrogate.
   */
  readonly columns?: Readonly<Record<string, Scalar>>
  /** The opaque value, at most 16 MiB. */
  readonly value: Uint8Array
  /** Searchable text; only in a searchable collection. */
  readonly text?: string
}

/**
 * Something that must hold before anything of the batch is written, else `conflict`. All of them are
 * checked against the state before the batch, wherever they stand in it.
 */
export interface ExpectVerb {
  /** Discriminant. */
  readonly verb: "expect"
  /** Collection name. */
  readonly collection: string
  /** Key of a row of a `keyed` collection. */
  readonly key: string
  /** The row is there, is not there, or has exactly this value. */
  readonly is: "present" | "absent" | { readonly value: Uint8Array }
}

/** Inserts or replaces the row with this key in a `keyed` collection. */
export interface PutVerb extends RowData {
  /** Discriminant. */
  readonly verb: "put"
  /** Collection name. */
  readonly collection: string
  /** 1 to 512 UTF-8 bytes, no NUL. */
  readonly key: string
}

/** Deletes one row; a missing row is not an error. Log rows are named by their sequence number. */
export interface DeleteVerb {
  /** Discriminant. */
  readonly verb: "delete"
  /** Collection name. */
  readonly collection: string
  /** The key, or the sequence number in a `log`. */
  readonly key: string | number
}

/** Deletes all rows of a range of an index. */
export interface DeleteRangeVerb extends Range {
  /** Discriminant. */
  readonly verb: "deleteRange"
  /** Collection name. */
  readonly collection: string
}

/** Appends a row to a `log`; its sequence number is returned by the commit. */
export interface AppendVerb extends RowData {
  /** Discriminant. */
  readonly verb: "append"
  /** Collection name. */
  readonly collection: string
}

/** The five verbs. All that write run in order, all or none. */
export type Verb = ExpectVerb | PutVerb | DeleteVerb | DeleteRangeVerb | AppendVerb

/**
 * A range of an index: equality on a prefix of its columns, bounds on the next one. Null comes before
 * every other value; it can be asked for by equality and is outside of every bound.
 */
export interface Range {
  /** A declared index, or `"key"`: the order of keys (or sequence numbers) itself. */
  readonly index: string
  /** Values of the first columns of the index, in order; must be empty for `"key"`. */
  readonly equals?: ReadonlyArray<Scalar>
  /** Inclusive lower bound of the next column (of the key, for `"key"`). */
  readonly from?: string | number | Uint8Array
  /** Exclusive upper bound of the next column (of the key, for `"key"`). */
  readonly to?: string | number | Uint8Array
}

/** Most verbs in one {@link Batch}. */
export const MAX_BATCH_VERBS = 10_000

/** Most bytes of values and texts in one {@link Batch}. */
export const MAX_BATCH_BYTES: number = 64 * 1024 * 1024

/** A list of writes that becomes durable as one, or not at all. */
export interface Batch {
  /**
   * 32 lower-case hex characters, fresh for every new batch. It is stored in the batch's own
   * transaction: repeating a committed id changes nothing and succeeds with the first result, for
   * at least the last 1024 batches.
   */
  readonly id: string
  /** At most {@link MAX_BATCH_VERBS} verbs and {@link MAX_BATCH_BYTES} bytes. */
  readonly verbs: ReadonlyArray<Verb>
  /**
   * True when what the batch deletes or overwrites is secret and must be gone from the disk: the
   * adapter removes it from its logs too, durably remembered until done.
   */
  readonly erase?: boolean
}

/** What a committed batch gave. */
export interface Committed {
  /** Sequence numbers of the `append` verbs, in order. */
  readonly appended: ReadonlyArray<number>
  /** True when this batch id had been committed before. */
  readonly repeated: boolean
}
