/**
 * The rows of a long conversation, and the reads that a screen makes.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import type {
  Batch,
  Collection,
  StorageService,
  Verb,
} from "../../packages/core/src/services/mod.ts"

/** Messages as a timeline shows and finds them. */
export const TIMELINE: Collection = {
  name: "timeline",
  kind: "keyed",
  columns: { group_id: "text", position: "integer" },
  indexes: { timeline: ["group_id", "position"] },
  searchable: true,
}

/** The one small row that reading a message changes, and the memory of what was read. */
export const RATCHETS: Collection = {
  name: "ratchets",
  kind: "keyed",
  columns: { at: "integer" },
  indexes: { age: ["at"] },
}

const GROUP = "3f".repeat(16)
const FILLER = [
  "carrots and turnips at the western entrance",
  "the tunnel to the garden is open again",
  "nobody saw the fox since yesterday evening",
  "bring baskets, ropes and the small lantern",
]
// All of them among the first thousand messages.
const RARE_EVERY = 50

/** So many messages are rare, whatever the size. */
export const RARE_HITS = 20

let counter = 0

/** A batch with a fresh id. */
export const batch = (verbs: ReadonlyArray<Verb>): Batch => ({
  id: (counter++).toString(16).padStart(8, "0").concat(crypto.randomUUID().replaceAll("-", ""))
    .slice(0, 32),
  verbs,
})

/** What one received message writes: its row, the sender's ratchet, the memory of its digest. */
export function messageVerbs(index: number, ratchetBytes = 90): ReadonlyArray<Verb> {
  const key = index.toString(16).padStart(64, "0")
  const isRare = index % RARE_EVERY === 0 && index / RARE_EVERY < RARE_HITS
  const text = `${FILLER[index % FILLER.length]} ${isRare ? "axolotl" : ""}`
  return [
    {
      verb: "put",
      collection: TIMELINE.name,
      key,
      columns: { group_id: GROUP, position: index },
      value: new Uint8Array(320).fill(index),
      text,
    },
    {
      verb: "put",
      collection: RATCHETS.name,
      key: `ratchet/${index % 8}`,
      value: new Uint8Array(ratchetBytes).fill(index),
    },
    {
      verb: "put",
      collection: RATCHETS.name,
      key: `seen/${key}`,
      columns: { at: index },
      value: new Uint8Array(0),
    },
  ]
}

/** Fills a database with messages `from` (inclusive) to `to`, a thousand a batch. */
export const fill = (
  storage: StorageService,
  from: number,
  to: number,
): Effect.Effect<void, unknown> =>
  Effect.gen(function* () {
    for (let start = from; start < to; start += 1000) {
      const verbs: Array<Verb> = []
      for (let i = start; i < Math.min(to, start + 1000); i++) verbs.push(...messageVerbs(i))
      yield* storage.commit(batch(verbs))
    }
  })

/** The newest fifty messages. */
export const firstPage = (storage: StorageService): Effect.Effect<number, unknown> =>
  Effect.map(
    storage.page(TIMELINE.name, {
      index: "timeline",
      equals: [GROUP],
      order: "descending",
      limit: 50,
    }),
    ({ rows }) => rows.length,
  )

/** The rare word: the same number of hits at every size. */
export const search = (storage: StorageService, hits: number): Effect.Effect<number, unknown> =>
  Effect.map(
    storage.search(TIMELINE.name, { text: "axolotl", limit: hits }),
    ({ rows }) => rows.length,
  )

/** A message by key. */
export const point = (storage: StorageService, index: number): Effect.Effect<boolean, unknown> =>
  Effect.map(
    storage.get(TIMELINE.name, index.toString(16).padStart(64, "0")),
    (row) => row._tag === "Some",
  )
