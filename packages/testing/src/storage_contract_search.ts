/**
 * The storage contract: full-text search.
 *
 * @module
 */
import assert from "node:assert/strict"
import type { SearchQuery, StorageError, StorageService, Verb } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import {
  batchOf,
  bytesOf,
  type ContractTest,
  reasonOf,
  session,
} from "./storage_contract_subject.ts"

const note = (key: string, text: string, box: string | null = null): Verb => ({
  verb: "put",
  collection: "notes",
  key,
  columns: { box },
  value: bytesOf(key),
  text,
})

const find = (
  storage: StorageService,
  text: string,
  rest: Partial<SearchQuery> = {},
): Effect.Effect<ReadonlyArray<string | number>, StorageError> =>
  storage.search("notes", { limit: 100, ...rest, text }).pipe(
    Effect.map((page) => page.rows.map((row) => row.key)),
  )

/** Registers the tests of searching. */
export function storageSearchContract(test: ContractTest): void {
  test("finds whole words, folded, in any order, the last written first", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        yield* storage.commit(batchOf(
          note("a", "The Café at the corner"),
          note("b", "corner shop, cafes and CORNERS"),
          note("c", "Straße zum Café: Corner!"),
          note("d", "no match"),
          note("e", "你好世界"),
          note("f", ""),
        ))
        assert.deepEqual(yield* find(storage, "cafe"), ["c", "a"])
        assert.deepEqual(yield* find(storage, "CORNER café"), ["c", "a"])
        assert.deepEqual(yield* find(storage, "strasse"), ["c"])
        assert.deepEqual(yield* find(storage, "corner"), ["c", "b", "a"])
        assert.deepEqual(yield* find(storage, "世界"), ["e"])
        assert.deepEqual(yield* find(storage, "corn"), [])
        assert.deepEqual(yield* find(storage, "   ... "), [])
        assert.deepEqual(yield* find(storage, ""), [])
      })))

  test("takes words as words, never as query syntax", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        yield* storage.commit(batchOf(
          note("a", "this OR that"),
          note("b", "that near column text*"),
          note("c", "quote \" and ' and NOT"),
        ))
        assert.deepEqual(yield* find(storage, "this OR that"), ["a"])
        assert.deepEqual(yield* find(storage, "tex*"), [])
        assert.deepEqual(yield* find(storage, '"quote'), ["c"])
        assert.deepEqual(yield* find(storage, "that NOT this"), [])
        assert.deepEqual(yield* find(storage, "NEAR(that column)"), ["b"])
        assert.deepEqual(yield* find(storage, "text : that ^near"), ["b"])
      })))

  test("follows replacement and deletion", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        yield* storage.commit(batchOf(note("a", "apple"), note("b", "apple"), note("c", "apple")))
        yield* storage.commit(batchOf(note("a", "apple pear")))
        assert.deepEqual(yield* find(storage, "apple"), ["a", "c", "b"])
        yield* storage.commit(batchOf(note("a", "plum")))
        assert.deepEqual(yield* find(storage, "apple"), ["c", "b"])
        assert.deepEqual(yield* find(storage, "pear"), [])
        yield* storage.commit(batchOf({ verb: "delete", collection: "notes", key: "c" }))
        assert.deepEqual(yield* find(storage, "apple"), ["b"])
        yield* storage.commit(
          batchOf({ verb: "put", collection: "notes", key: "b", value: bytesOf("b") }),
        )
        assert.deepEqual(yield* find(storage, "apple"), [])
        yield* storage.commit(batchOf({ verb: "deleteRange", collection: "notes", index: "key" }))
        assert.deepEqual(yield* find(storage, "plum"), [])
        yield* storage.commit(batchOf(note("z", "plum")))
        assert.deepEqual(yield* find(storage, "plum"), ["z"])
      })))

  test("restricts to a column and pages by cursor, over restarts", async (subject) => {
    const cursor = await session(subject, (storage) =>
      Effect.gen(function* () {
        yield* storage.commit(batchOf(
          ...Array.from({ length: 12 }, (_, at) =>
            note(
              `k${String(at).padStart(2, "0")}`,
              "hello",
              at % 3 === 0 ? "x" : at % 3 === 1 ? "y" : null,
            )),
        ))
        const where = { column: "box", equals: "x" } as const
        assert.deepEqual(yield* find(storage, "hello", { where }), ["k09", "k06", "k03", "k00"])
        assert.deepEqual(
          yield* find(storage, "hello", { where: { column: "box", equals: null } }),
          ["k11", "k08", "k05", "k02"],
        )
        const page = yield* storage.search("notes", { text: "Hello", where, limit: 2 })
        assert.deepEqual(
          page.rows.map((row) => row.key),
          ["k09", "k06"],
        )
        assert.equal(page.more, true)
        return page.cursors[1] ?? ""
      }))
    await session(subject, (storage) =>
      Effect.gen(function* () {
        const where = { column: "box", equals: "x" } as const
        yield* storage.commit(batchOf(
          { verb: "delete", collection: "notes", key: "k06" },
          note("k99", "hello", "x"),
        ))
        const page = yield* storage.search("notes", { text: "hello", where, limit: 2, cursor })
        assert.deepEqual(page.rows.map((row) => row.key), ["k03", "k00"])
        assert.equal(page.more, false)
        const other = storage.search("notes", { text: "hello", limit: 2, cursor })
        assert.equal(yield* reasonOf(other), "invalid")
      }))
  })

  test("searches a log by a column of bytes", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        const line = (box: number, text: string): Verb => ({
          verb: "append",
          collection: "lines",
          columns: { box: new Uint8Array([box]) },
          value: bytesOf(text),
          text,
        })
        yield* storage.commit(
          batchOf(line(1, "one fish"), line(2, "two fish"), line(1, "red fish")),
        )
        const page = yield* storage.search("lines", {
          text: "fish",
          where: { column: "box", equals: new Uint8Array([1]) },
          limit: 10,
        })
        assert.deepEqual(page.rows.map((row) => row.key), [3, 1])
        yield* storage.commit(
          batchOf({ verb: "deleteRange", collection: "lines", index: "key", to: 3 }),
        )
        const rest = yield* storage.search("lines", { text: "fish", limit: 10 })
        assert.deepEqual(rest.rows.map((row) => row.key), [3])
      })))

  test("refuses searches that break the contract", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        assert.equal(yield* reasonOf(storage.search("plain", { text: "x", limit: 1 })), "invalid")
        assert.equal(yield* reasonOf(find(storage, "x".repeat(257))), "invalid")
        assert.equal(yield* reasonOf(find(storage, "x", { limit: 0 })), "invalid")
        assert.equal(yield* reasonOf(find(storage, "x", { cursor: "?" })), "invalid")
        assert.equal(
          yield* reasonOf(find(storage, "x", { where: { column: "at", equals: 1 } })),
          "invalid",
        )
        assert.equal(
          yield* reasonOf(find(storage, "x", { where: { column: "box", equals: 1 } })),
          "invalid",
        )
      })))
}
