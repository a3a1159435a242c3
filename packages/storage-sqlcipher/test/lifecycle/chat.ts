import type { Batch, Collection, StorageError, StorageService } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { readdirSync } from "node:fs"
import { basename, dirname } from "node:path"

/** A searchable log and a keyed collection, as a chat has them. */
export const COLLECTIONS: ReadonlyArray<Collection> = [
  {
    name: "messages",
    kind: "log",
    columns: { group_id: "text" },
    indexes: { group: ["group_id"] },
    searchable: true,
  },
  { name: "ratchets", kind: "keyed", columns: {}, indexes: {} },
]

/** A batch of a message and a ratchet that only together are legal. */
export const chatBatch = (number: number): Batch => ({
  id: number.toString(16).padStart(32, "0"),
  verbs: [
    {
      verb: "append",
      collection: "messages",
      columns: { group_id: `g${number % 3}` },
      value: new TextEncoder().encode(`message ${number} ${"x".repeat(number % 300)}`),
      text: `word${number} common`,
    },
    {
      verb: "put",
      collection: "ratchets",
      key: "last",
      value: new TextEncoder().encode(String(number)),
    },
  ],
})

/** Writes messages `from` to `to`, both included. */
export const write = (
  storage: StorageService,
  from: number,
  to: number,
): Effect.Effect<void, StorageError> =>
  Effect.gen(function* () {
    yield* storage.declare(COLLECTIONS)
    for (let number = from; number <= to; number++) yield* storage.commit(chatBatch(number))
  })

/** What a reader sees of a chat. */
export interface Seen {
  /** Messages. */
  readonly count: number
  /** The number of the message that the ratchet belongs to. */
  readonly last: number
  /** How often the last message is found by its word. */
  readonly found: number
  readonly restored: boolean
}

/** Reads it. */
export const read = (storage: StorageService): Effect.Effect<Seen, StorageError> =>
  Effect.gen(function* () {
    yield* storage.declare(COLLECTIONS)
    const count = yield* storage.count("messages", { index: "key" }, 1_000_000)
    const last = yield* storage.get("ratchets", "last")
    const found = yield* storage.search("messages", { text: `word${count}`, limit: 10 })
    return {
      count,
      last: last._tag === "Some" ? Number(new TextDecoder().decode(last.value.value)) : 0,
      found: found.rows.length,
      restored: storage.condition.restored,
    }
  })

/** Names beside a database that belong there only while an operation is under way. */
export const leftovers = (path: string): ReadonlyArray<string> => {
  const name = basename(path)
  const lasting = [
    name,
    `${name}-wal`,
    `${name}-shm`,
    `${name}.lock`,
    `${name}.beside.lock`,
    `${name}.record.json`,
  ]
  return readdirSync(dirname(path)).filter((found) => !lasting.includes(found))
}
