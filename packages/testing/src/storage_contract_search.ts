/**
 * The storage contract: full-text search.
 *
 * @module
 */
import assert from "node:assert/strict"
import type { SearchQuery, StorageError, StorageService, Verb } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
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

/** A small generator of whole numbers: the same for the same seed. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >>> 8) % below
  }
}

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

  test("pages in both directions", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        const keys = Array.from({ length: 7 }, (_, at) => `k${at}`)
        yield* storage.commit(batchOf(...keys.map((key) => note(key, "hello"))))
        assert.deepEqual(yield* find(storage, "hello", { order: "ascending" }), keys)
        const newest = yield* storage.search("notes", { text: "hello", limit: 5 })
        const cursor = newest.cursors.at(-1) ?? ""
        const older = { cursor, order: "descending" } as const
        assert.deepEqual(yield* find(storage, "hello", older), ["k1", "k0"])
        const newer = { text: "hello", cursor, order: "ascending" } as const
        const page = yield* storage.search("notes", { ...newer, limit: 3 })
        assert.deepEqual(page.rows.map(({ key }) => key), ["k3", "k4", "k5"])
        assert.equal(page.more, true)
        const rest = yield* storage.search("notes", { ...newer, limit: 4 })
        assert.equal(rest.rows.length, 4)
        assert.equal(rest.more, false)
      })))

  test("finds in the order that a column gives, however often a row was written", async (subject) => {
    const page = (key: string, number: number, text: string, book = "x"): Verb => ({
      verb: "put",
      collection: "pages",
      key,
      columns: { book, number },
      value: bytesOf(key),
      text,
    })
    const look = (storage: StorageService, rest: Partial<SearchQuery> = {}) =>
      Effect.map(
        storage.search("pages", { text: "hello", limit: 100, ...rest }),
        ({ rows }) => rows.map(({ key }) => key),
      )
    const latest = Number.MAX_SAFE_INTEGER - 1
    const cursor = await session(subject, (storage) =>
      Effect.gen(function* () {
        yield* storage.commit(batchOf(
          page("c", 30, "hello c"),
          page("a", 10, "hello a"),
          page("z", latest, "hello z", "y"),
          page("b", 20, "hello b"),
          page("d", 40, "nothing"),
        ))
        assert.deepEqual(yield* look(storage), ["z", "c", "b", "a"])
        yield* storage.commit(batchOf(page("b", 20, "hello again"), page("d", 40, "hello d")))
        assert.deepEqual(yield* look(storage), ["z", "d", "c", "b", "a"])
        assert.deepEqual(yield* look(storage, { text: "again" }), ["b"])
        yield* storage.commit(batchOf(page("a", 25, "hello moved")))
        assert.deepEqual(yield* look(storage), ["z", "d", "c", "a", "b"])
        const first = yield* storage.search("pages", { text: "hello", limit: 3 })
        return first.cursors.at(-1) ?? ""
      }))
    await session(subject, (storage) =>
      Effect.gen(function* () {
        const where = { column: "book", equals: "x" } as const
        yield* storage.commit(batchOf(
          page("e", 5, "hello e"),
          page("f", 35, "hello f"),
          { verb: "delete", collection: "pages", key: "c" },
        ))
        assert.deepEqual(yield* look(storage, { cursor }), ["a", "b", "e"])
        assert.deepEqual(yield* look(storage, { cursor, order: "ascending" }), ["f", "d", "z"])
        assert.deepEqual(yield* look(storage, { where }), ["d", "f", "a", "b", "e"])
        // One number, one row.
        yield* storage.commit(batchOf(page("g", 35, "hello g"), page("h", 36, "hello h")))
        assert.deepEqual(yield* look(storage, { where }), ["d", "h", "g", "a", "b", "e"])
        assert.deepEqual(yield* storage.get("pages", "f"), Option.none())
        const without = { ...page("i", 1, "hello"), columns: { book: "x" } }
        assert.equal(yield* reasonOf(storage.commit(batchOf(without))), "invalid")
        for (const number of [0, -1]) {
          assert.equal(
            yield* reasonOf(storage.commit(batchOf(page("i", number, "hello")))),
            "invalid",
          )
        }
        const declared = { name: "other", kind: "keyed", columns: {}, indexes: {} } as const
        for (
          const wrong of [
            { ...declared, searchable: true, searchOrder: "number" },
            { ...declared, columns: { number: "integer" }, searchOrder: "number" },
            { ...declared, columns: { number: "text" }, searchable: true, searchOrder: "number" },
          ] as const
        ) assert.equal(yield* reasonOf(storage.declare([wrong])), "invalid")
        const changed = {
          name: "pages",
          kind: "keyed",
          columns: { book: "text", number: "integer" },
          indexes: {},
          searchable: true,
        } as const
        assert.equal(yield* reasonOf(storage.declare([changed])), "newer-schema")
      }))
  })

  test("finds exactly what is there after many writes", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        const below = numbersFrom(20)
        const words = ["ant", "bee", "cat", "dog", "eel"]
        const kept = new Map<string, { readonly number: number; readonly text: string }>()
        for (let round = 0; round < 60; round++) {
          const verbs = Array.from({ length: 1 + below(8) }, (): Verb => {
            const key = `k${below(12)}`
            if (below(4) === 0) {
              kept.delete(key)
              return { verb: "delete", collection: "pages", key }
            }
            const number = 1 + (below(3) === 0 ? below(12) : Number(key.slice(1)))
            const text = words.filter(() => below(2) === 0).join(" ")
            for (const [other, row] of kept) if (row.number === number) kept.delete(other)
            kept.set(key, { number, text })
            return {
              verb: "put",
              collection: "pages",
              key,
              columns: { number },
              value: bytesOf(key),
              text,
            }
          })
          yield* storage.commit(batchOf(...verbs))
          for (const text of words) {
            const expected = [...kept].filter(([, row]) => row.text.includes(text))
              .sort(([, a], [, b]) => b.number - a.number).map(([key]) => key)
            const page = yield* storage.search("pages", { text, limit: 100 })
            assert.deepEqual(page.rows.map(({ key }) => key), expected, `round ${round}`)
          }
        }
      })))

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
