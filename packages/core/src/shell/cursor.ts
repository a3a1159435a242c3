/**
 * Opaque cursors and the two-way paging that every list shares.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { ArgumentError, type ServiceError } from "../api/errors.ts"
import type { Cursor, Page, PageOf } from "../api/page.ts"
import type { PageQuery, Row, RowPage, StorageService } from "../services/storage.ts"
import type { StorageError } from "../services/storage_error.ts"
import { toServiceError } from "./failure.ts"

/** A list of rows that grows at its newest end, by an index that ends in a growing position. */
export interface RowList {
  /** Name of the list inside a cursor, so that a cursor is refused by another list. */
  readonly list: string
  /** The collection. */
  readonly collection: string
  /** The index. */
  readonly index: string
  /** Equality on the first columns of the index. */
  readonly equals: ReadonlyArray<string>
}

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 500

const wrap = <T>(list: string, cursor: string): Cursor<T> =>
  btoa(JSON.stringify([list, cursor])).replaceAll("+", "-").replaceAll("/", "_")
    .replaceAll("=", "") as Cursor<T>

const unwrap = (list: string, cursor: string): string | undefined => {
  try {
    const [name, inner] = JSON.parse(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")))
    return name === list && typeof inner === "string" ? inner : undefined
  } catch {
    return undefined
  }
}

/** What {@link pageOf} found: rows newest first and the cursors around them. */
export interface RowsPage<T> {
  /** Rows, newest first. */
  readonly rows: ReadonlyArray<Row>
  /** The page without its items. */
  readonly around: Pick<Page<T>, "older" | "newer">
}

/** What a list is asked for. */
export type Ask = Required<Pick<PageQuery, "order" | "limit">> & Pick<PageQuery, "cursor">

/** Reads one page of an index; see {@link pageOf}. */
export const pageRows = <T, Q>(
  storage: StorageService,
  { list, collection, index, equals }: RowList,
  query: PageOf<T, Q> | undefined,
): Effect.Effect<RowsPage<T>, ArgumentError | ServiceError> =>
  pageOf(list, query, (ask) => storage.page(collection, { index, equals, ...ask }))

/**
 * Reads one page. A limit outside 1 to 500 is refused with `page-limit`; two cursors, or a cursor of
 * another list, with `cursor`.
 *
 * @param list name of the list inside a cursor
 * @param read reads rows in an order that grows at its newest end; a cursor of other rows is `invalid`
 */
export const pageOf: <T, Q>(
  list: string,
  query: PageOf<T, Q> | undefined,
  read: (ask: Ask) => Effect.Effect<RowPage, StorageError>,
) => Effect.Effect<RowsPage<T>, ArgumentError | ServiceError> = Effect.fnUntraced(function* <T, Q>(
  list: string,
  query: PageOf<T, Q> | undefined,
  read: (ask: Ask) => Effect.Effect<RowPage, StorageError>,
) {
  const limit = query?.limit ?? DEFAULT_LIMIT
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    return yield* new ArgumentError({ reason: "page-limit" })
  }
  const given = query?.before ?? query?.after
  const cursor = given === undefined ? undefined : unwrap(list, given)
  if (
    (query?.before !== undefined && query.after !== undefined) ||
    (given !== undefined && cursor === undefined)
  ) return yield* new ArgumentError({ reason: "cursor" })
  const forward = query?.after !== undefined
  const page = yield* read({
    order: forward ? "ascending" : "descending",
    limit,
    ...(cursor === undefined ? {} : { cursor }),
  }).pipe(
    Effect.mapError((error) =>
      error.reason === "invalid" ? new ArgumentError({ reason: "cursor" }) : toServiceError(error)
    ),
  )
  const rows = forward ? [...page.rows].reverse() : page.rows
  const cursors = forward ? [...page.cursors].reverse() : page.cursors
  const first = cursors[0]
  const last = cursors.at(-1)
  // Coming from one side there is something on that side: at least the row of the cursor.
  const hasOlder = forward ? true : page.more
  const hasNewer = forward ? page.more : cursor !== undefined
  const older = rows.length === 0 ? (forward ? cursor : undefined) : hasOlder ? last : undefined
  const newer = rows.length === 0 ? (forward ? undefined : cursor) : hasNewer ? first : undefined
  return {
    rows,
    around: {
      ...(older === undefined ? {} : { older: wrap<T>(list, older) }),
      ...(newer === undefined ? {} : { newer: wrap<T>(list, newer) }),
    },
  }
})
