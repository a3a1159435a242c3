/**
 * Pages of timelines, whole or as a search finds them.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { ArgumentError, type ServiceError } from "../api/errors.ts"
import type { Page, PageOf } from "../api/page.ts"
import type { MessageFilter } from "../api/service.ts"
import type { Message } from "../api/values.ts"
import { MESSAGES, TEXTS } from "../group/mod.ts"
import { MAX_SEARCH_LENGTH, wordsOf } from "../services/mod.ts"
import type { StorageService } from "../services/storage.ts"
import type { Scalar } from "../services/storage_batch.ts"
import { pageOf, pageRows, type RowsPage } from "./cursor.ts"
import { toServiceError } from "./failure.ts"
import { type PlacedMessage, readMessage } from "./message_rows.ts"

type MessagesQuery = PageOf<Message, MessageFilter>

/** Rows of a page, and the cursors around them. */
export type PlacedPage = Omit<Page<Message>, "items"> & {
  /** Timeline rows, newest first. */
  readonly items: ReadonlyArray<PlacedMessage>
}

/**
 * One page of a timeline; see `MessagesApi.page`.
 *
 * @param group GroupId; absent: all groups
 */
export const pageMessages = (
  storage: StorageService,
  group: string | undefined,
  query: MessagesQuery | undefined,
): Effect.Effect<PlacedPage, ArgumentError | ServiceError> => {
  const text = query?.where?.text
  return text === undefined
    ? timelinePage(storage, group, query)
    : searchPage(storage, group, text, query)
}

const timelinePage = (
  storage: StorageService,
  group: string | undefined,
  query: MessagesQuery | undefined,
): Effect.Effect<PlacedPage, ArgumentError | ServiceError> =>
  Effect.map(
    pageRows<Message, MessageFilter>(storage, {
      list: group === undefined ? "messages" : `messages ${group}`,
      collection: MESSAGES.name,
      index: group === undefined ? "position" : "timeline",
      equals: group === undefined ? [] : [group],
    }, query),
    ({ rows, around }) => ({ items: rows.map(readMessage), ...around }),
  )

const searchPage = Effect.fn("Mdk.search")(function* (
  storage: StorageService,
  group: string | undefined,
  text: string,
  query: MessagesQuery | undefined,
) {
  if (!isSearchText(text)) return yield* new ArgumentError({ reason: "search-text" })
  const list = group === undefined ? "search" : `search ${group}`
  const { rows, around }: RowsPage<Message> = yield* pageOf(
    list,
    query,
    (ask) =>
      storage.search(TEXTS.name, {
        ...ask,
        text,
        ...(group === undefined ? {} : { where: { column: "group_id", equals: group } }),
      }),
  )
  const items = yield* Effect.forEach(rows, ({ columns }) => rowAt(storage, columns["position"]))
  const page: PlacedPage = { items: items.flat(), ...around }
  return page
})

/** The timeline row of a position: there is one, or none. */
const rowAt = (
  storage: StorageService,
  position: Scalar | undefined,
): Effect.Effect<ReadonlyArray<PlacedMessage>, ServiceError> =>
  storage.page(MESSAGES.name, { index: "position", equals: [position ?? null], limit: 1 }).pipe(
    Effect.mapError(toServiceError),
    Effect.map((page) => page.rows.map(readMessage)),
  )

const isSearchText = (text: unknown): text is string =>
  typeof text === "string" && text.length <= MAX_SEARCH_LENGTH && wordsOf(text).length > 0
