/**
 * Reads what changes a row of a timeline. Every read is bounded, and what decides is looked up by whom it
 * has to be from: nobody can push a deletion or an edit out of sight by piling up something else.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import type { ServiceError } from "../api/errors.ts"
import { ANNOTATIONS } from "../group/mod.ts"
import { type InnerEvent, relationOf } from "../message/mod.ts"
import type { PageQuery, StorageService } from "../services/storage.ts"
import { toServiceError } from "./failure.ts"
import { type PlacedMessage, readMessage } from "./message_rows.ts"

/** So many are read at once; nearly every row has fewer. */
const FEW = 100
/** Most edits, and most reactions, that are looked at. */
const MANY = 1000
/** Of each author, where there are more reactions than are looked at. */
const SHARE = 10

type Target = Pick<PlacedMessage, "group" | "event" | "local">

const read = (
  storage: StorageService,
  query: PageQuery,
): Effect.Effect<
  { readonly items: ReadonlyArray<PlacedMessage>; readonly more: boolean },
  ServiceError
> =>
  storage.page(ANNOTATIONS.name, query).pipe(
    Effect.mapError(toServiceError),
    Effect.map(({ rows, more }) => ({ items: rows.map(readMessage), more })),
  )

const deletionBy = (
  storage: StorageService,
  group: string,
  target: string,
  author: string,
): Effect.Effect<ReadonlyArray<PlacedMessage>, ServiceError> =>
  Effect.map(
    read(storage, { index: "author", equals: [group, target, "deletion", author], limit: 1 }),
    ({ items }) => items,
  )

/** True when its author took an annotation away again. */
export const isWithdrawn = (
  storage: StorageService,
  { group, event }: Target,
): Effect.Effect<boolean, ServiceError> =>
  Effect.map(
    deletionBy(storage, group, event.id, event.pubkey),
    (deletions) => deletions.length > 0,
  )

const stands = (storage: StorageService, item: Target): Effect.Effect<boolean, ServiceError> =>
  Effect.map(isWithdrawn(storage, item), (withdrawn) => !withdrawn)

/** Those that their authors did not take away again. */
const standing = (
  storage: StorageService,
  items: ReadonlyArray<PlacedMessage>,
): Effect.Effect<ReadonlyArray<PlacedMessage>, ServiceError> =>
  Effect.filter(items, (item) => stands(storage, item))

/** The reactions of one account to a row that it did not take away again, the oldest first. */
export const reactionsBy = (
  storage: StorageService,
  { group, event }: Target,
  author: string,
): Effect.Effect<ReadonlyArray<PlacedMessage>, ServiceError> =>
  Effect.flatMap(
    read(storage, {
      index: "author",
      equals: [group, event.id, "reaction", author],
      limit: MANY,
    }),
    ({ items }) => standing(storage, items),
  )

/** Everything that has a say in how a row looks, for `projectMessage`. */
export const annotationsOf: (
  storage: StorageService,
  row: Target,
) => Effect.Effect<ReadonlyArray<PlacedMessage>, ServiceError> = Effect.fnUntraced(
  function* (storage, row) {
    const target = [row.group, row.event.id]
    const all = yield* read(storage, { index: "relation", equals: target, limit: FEW })
    if (!all.more) {
      const isDeletion = ({ event }: PlacedMessage) => relationOf(event)._tag === "Deletion"
      const changes = all.items.filter((item) => !isDeletion(item))
      return [...all.items.filter(isDeletion), ...yield* standing(storage, changes)]
    }
    const deletions = yield* deletionsOf(storage, row)
    if (deletions.length > 0 && row.local !== true) return deletions
    return [...yield* lastEdit(storage, row), ...yield* reactionsTo(storage, row)]
  },
)

/** True when nothing is about a row. */
export const isBare = (
  storage: StorageService,
  { group, event }: Target,
): Effect.Effect<boolean, ServiceError> =>
  storage.count(ANNOTATIONS.name, { index: "relation", equals: [group, event.id] }, 1).pipe(
    Effect.mapError(toServiceError),
    Effect.map((some) => some === 0),
  )

/** Those deletions of a row that decide whether it is deleted: by its author, and by a moderator. */
export const deletionsOf: (
  storage: StorageService,
  row: Target,
) => Effect.Effect<ReadonlyArray<PlacedMessage>, ServiceError> = Effect.fnUntraced(
  function* (storage, { group, event }) {
    const byAuthor = yield* deletionBy(storage, group, event.id, event.pubkey)
    const byModerator = yield* read(storage, {
      index: "moderator",
      equals: [group, event.id, "deletion", 1],
      limit: 1,
    })
    return [...byAuthor, ...byModerator.items]
  },
)

/** The edits of a row by its author, those that were taken away again too. */
export const editsOf = (
  storage: StorageService,
  { group, event }: Target,
): Effect.Effect<ReadonlyArray<PlacedMessage>, ServiceError> =>
  Effect.map(
    read(storage, {
      index: "author",
      equals: [group, event.id, "edit", event.pubkey],
      order: "descending",
      limit: MANY,
    }),
    ({ items }) => items,
  )

/**
 * The edit that counts, as `projectMessage` decides it, in a list: the last that stands; none when none
 * does.
 */
export const lastStanding: (
  edits: ReadonlyArray<PlacedMessage>,
  stands: (edit: PlacedMessage) => Effect.Effect<boolean, ServiceError>,
) => Effect.Effect<ReadonlyArray<PlacedMessage>, ServiceError> = Effect.fnUntraced(
  function* (edits, stands) {
    for (const edit of edits.toSorted((a, b) => isLater(a.event, b.event) ? -1 : 1)) {
      if (yield* stands(edit)) return [edit]
    }
    return []
  },
)

const isLater = (a: InnerEvent, b: InnerEvent): boolean =>
  a.created_at > b.created_at || a.created_at === b.created_at && a.id < b.id

const lastEdit = Effect.fnUntraced(function* (storage: StorageService, row: Target) {
  return yield* lastStanding(yield* editsOf(storage, row), (edit) => stands(storage, edit))
})

const reactionsTo = Effect.fnUntraced(function* (
  storage: StorageService,
  { group, event }: Target,
) {
  const equals = [group, event.id, "reaction"]
  const oldest = yield* read(storage, { index: "relation", equals, limit: MANY })
  if (!oldest.more) return yield* standing(storage, oldest.items)
  const shares: Array<PlacedMessage> = []
  for (let from = ""; shares.length < MANY;) {
    const { items } = yield* read(storage, { index: "author", equals, from, limit: SHARE })
    const author = items[0]?.event.pubkey
    if (author === undefined) break
    shares.push(...items.filter((item) => item.event.pubkey === author))
    // After this author and before the next: authors are texts of the same length.
    from = `${author}0`
  }
  return yield* standing(storage, shares)
})
