/**
 * The storage service: bounded reads over declared collections, and one door for all writes.
 *
 * Protocol rooms know how their states become rows; an adapter knows nothing of the protocol.
 *
 * @module
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Batch, Collection, Committed, Range, Scalar } from "./storage_batch.ts"
import type { StorageError } from "./storage_error.ts"

/** One row as it is read. The bytes are the caller's own copy. */
export interface Row {
  /** The key, or the sequence number of a `log` row. */
  readonly key: string | number
  /** Every declared column, null where it was left out. */
  readonly columns: Readonly<Record<string, Scalar>>
  /** The opaque value. */
  readonly value: Uint8Array
}

/** Most rows that one read returns. */
export const MAX_PAGE = 1000

/** A read of one page of a range. */
export interface PageQuery extends Range {
  /** `ascending` (default) or `descending` in the order of the index. */
  readonly order?: "ascending" | "descending"
  /** 1 to {@link MAX_PAGE}. */
  readonly limit: number
  /** Continue after this row: the `cursor` of a page of the same range (either order). */
  readonly cursor?: string
}

/** Some rows, and where to go on. */
export interface RowPage {
  /** At most `limit` rows, in the order asked for. */
  readonly rows: ReadonlyArray<Row>
  /**
   * The position of each row, as a cursor: parallel to `rows`. A cursor names a position by column
   * values and key, not by count: it stays valid over restarts and new rows, even when its row is
   * deleted. It is as confidential as the row.
   */
  readonly cursors: ReadonlyArray<string>
  /** True when the range holds more rows in this order. */
  readonly more: boolean
}

/**
 * A full-text search: every word must occur (as a whole word, case and diacritics folded, see
 * `wordsOf`). A text without any word finds nothing.
 */
export interface SearchQuery {
  /** The words, at most 256 UTF-16 units; they are words, never query syntax. */
  readonly text: string
  /** Restrict to rows whose column has this value; a declared index must start with the column. */
  readonly where?: { readonly column: string; readonly equals: Scalar }
  /** `descending` (default): the row written last, or with the highest `searchOrder`, first. */
  readonly order?: "ascending" | "descending"
  /** 1 to {@link MAX_PAGE}. */
  readonly limit: number
  /** Continue after this row: the `cursor` of a page of the same search (either order). */
  readonly cursor?: string
}

/** What the adapter knows about the database as a whole. */
export interface StorageCondition {
  /**
   * True when this database is a restored backup or a copy: what it holds may be older than what
   * was sent in its name, so its MLS ratchets must not send before they caught up. Stays true until
   * {@link StorageService.acknowledgeRestore}.
   */
  readonly restored: boolean
  /** Counts the opens of this database file, from 1. */
  readonly generation: number
}

/**
 * Durable rows of one account. One live instance holds the pen; all calls are serialized.
 *
 * Writing: only {@link StorageService.commit}. When it succeeds the whole batch is durable; when it
 * fails nothing of it is, except for the reason `outcome-unknown`: then the pen is closed (every
 * call fails with `closed`, reads included) until the same batch was committed again, which tells
 * what became of it.
 */
export interface StorageService {
  /** The condition found when the database was opened. */
  readonly condition: StorageCondition
  /** Declares that the application knows that this is a restored copy and has dealt with it. */
  readonly acknowledgeRestore: Effect.Effect<void, StorageError>
  /**
   * Makes collections known. Must run before they are used; repeating it is harmless. New
   * collections and new indexes are created, a declaration that contradicts the file fails with
   * `newer-schema`.
   */
  readonly declare: (
    collections: ReadonlyArray<Collection>,
  ) => Effect.Effect<void, StorageError>
  /** Reads one row; none when there is no such key. */
  readonly get: (
    collection: string,
    key: string | number,
  ) => Effect.Effect<Option.Option<Row>, StorageError>
  /** Reads several rows by key, at most {@link MAX_PAGE}; missing ones are left out of the map. */
  readonly getMany: (
    collection: string,
    keys: ReadonlyArray<string | number>,
  ) => Effect.Effect<ReadonlyMap<string | number, Row>, StorageError>
  /** Reads one page of a range. A cursor of another range fails with `invalid`. */
  readonly page: (collection: string, query: PageQuery) => Effect.Effect<RowPage, StorageError>
  /** How many rows a range holds, counted at most up to `atMost`. */
  readonly count: (
    collection: string,
    range: Range,
    atMost: number,
  ) => Effect.Effect<number, StorageError>
  /**
   * Finds rows of a searchable collection, the one written last first, or by its `searchOrder`. A cursor
   * of another search fails with `invalid`.
   */
  readonly search: (
    collection: string,
    query: SearchQuery,
  ) => Effect.Effect<RowPage, StorageError>
  /** Writes a batch. See the interface for what success and failure mean. */
  readonly commit: (batch: Batch) => Effect.Effect<Committed, StorageError>
}

/** The requirement `Storage` in the `R` of an Effect. */
export interface Storage extends Context.ServiceClass.Shape<"@mdk/core/Storage", StorageService> {}

/** Key under which a {@link StorageService} is found: `yield* Storage`. */
export const Storage: Context.ServiceClass<Storage, "@mdk/core/Storage", StorageService> = Context
  .Service<Storage, StorageService>()("@mdk/core/Storage")
