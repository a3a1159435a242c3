/**
 * What the processes that are killed write, and what is legal to find afterwards.
 *
 * Batch `n` appends three messages and notes `n`: a reader that finds another number of messages than
 * three times the note has found half a batch.
 *
 * @module
 */
import type { Batch, Collection, StorageError, StorageService } from "@mdk/core/services"
import * as Effect from "effect/Effect"

/** Names the database's key. */
export const KEY_NAME = { serviceId: "org.example.crash", keyId: "mdk.db.key.crash" } as const

/** Messages of one batch. */
export const PER_BATCH = 3

const MESSAGES: Collection = {
  name: "messages",
  kind: "log",
  columns: { batch: "integer" },
  indexes: { batch: ["batch"] },
  searchable: true,
}

const NOTES: Collection = { name: "notes", kind: "keyed", columns: {}, indexes: {} }

const textOf = (batch: number, at: number): string =>
  `text ${batch} ${at} ${"y".repeat(batch % 90)}`

/** The batch of a number. */
export const batchOf = (number: number, run: number): Batch => ({
  id: (number * 1_000_000 + run).toString(16).padStart(32, "0"),
  verbs: [
    ...Array.from({ length: PER_BATCH }, (_, at) => ({
      verb: "append" as const,
      collection: MESSAGES.name,
      columns: { batch: number },
      value: new TextEncoder().encode(textOf(number, at)),
      text: `common word${number}x${at}`,
    })),
    {
      verb: "put",
      collection: NOTES.name,
      key: "last",
      value: new TextEncoder().encode(String(number)),
    },
  ],
  erase: number % 7 === 0,
})

/** Declares what a life writes to; every `extra` is one more collection and one more index. */
export const declare = (storage: StorageService, extra = 0): Effect.Effect<void, StorageError> =>
  storage.declare([
    MESSAGES,
    NOTES,
    ...Array.from({ length: extra }, (_, at): Collection => ({
      name: `extra_${at}`,
      kind: "keyed",
      columns: { a: "text", b: "integer" },
      indexes: { a: ["a"], ab: ["a", "b"] },
      searchable: at % 2 === 0,
    })),
  ])

/** Number of the last batch; 0 when there is none. */
export const lastBatch = (storage: StorageService): Effect.Effect<number, StorageError> =>
  Effect.map(
    storage.get(NOTES.name, "last"),
    (row) => row._tag === "None" ? 0 : Number(new TextDecoder().decode(row.value.value)),
  )

/** Reads everything and answers what is illegal about it; empty when nothing is. */
export const faultsOf = (
  storage: StorageService,
): Effect.Effect<{ readonly last: number; readonly faults: ReadonlyArray<string> }, StorageError> =>
  Effect.gen(function* () {
    yield* declare(storage)
    const faults: Array<string> = []
    const last = yield* lastBatch(storage)
    let seen = 0
    let cursor: string | undefined
    for (;;) {
      const page = yield* storage.page(MESSAGES.name, {
        index: "key",
        limit: 500,
        ...(cursor === undefined ? {} : { cursor }),
      })
      for (const { value } of page.rows) {
        const wanted = textOf(1 + Math.floor(seen / PER_BATCH), seen % PER_BATCH)
        if (new TextDecoder().decode(value) !== wanted) {
          faults.push(`message ${seen} is another one`)
        }
        seen += 1
      }
      if (!page.more) break
      cursor = page.cursors.at(-1)
    }
    if (seen !== last * PER_BATCH) faults.push(`half a batch: ${seen} messages at batch ${last}`)
    if (last > 0) {
      const text = `word${last}x${PER_BATCH - 1}`
      const found = yield* storage.search(MESSAGES.name, { text, limit: 10 })
      if (found.rows.length !== 1) {
        faults.push(`the last message was found ${found.rows.length} times`)
      }
    }
    return { last, faults }
  })
