/**
 * The storage contract: ranges, their order, pages and cursors.
 *
 * @module
 */
import assert from "node:assert/strict"
import {
  compareScalars,
  compareText,
  type PageQuery,
  type Range,
  type Row,
  type Scalar,
  type StorageError,
  type StorageService,
  type Verb,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { batchOf, bytesOf, type ContractTest, session } from "./storage_contract_subject.ts"

/** A row of the collection with columns of every type. */
export const typed = (key: string, columns: Record<string, Scalar>): Verb => ({
  verb: "put",
  collection: "typed",
  key,
  columns,
  value: bytesOf(key),
})

const keysOf = (
  storage: StorageService,
  collection: string,
  query: Omit<PageQuery, "limit"> & { readonly limit?: number },
): Effect.Effect<ReadonlyArray<string | number>, StorageError> =>
  storage.page(collection, { limit: 1000, ...query }).pipe(
    Effect.map((page) => page.rows.map((row) => row.key)),
  )

/** Walks a range page by page. */
const walk = (
  storage: StorageService,
  collection: string,
  query: PageQuery,
): Effect.Effect<ReadonlyArray<Row>, StorageError> =>
  Effect.gen(function* () {
    const rows: Array<Row> = []
    let cursor: string | undefined
    for (;;) {
      const page = yield* storage.page(
        collection,
        cursor === undefined ? query : { ...query, cursor },
      )
      assert.equal(page.cursors.length, page.rows.length)
      assert.ok(page.rows.length <= query.limit)
      rows.push(...page.rows)
      if (!page.more) return rows
      assert.equal(page.rows.length, query.limit)
      cursor = page.cursors.at(-1)
    }
  })

/** Registers the tests of ranges. */
export function storageRangeContract(test: ContractTest): void {
  test("orders keys by UTF-8 bytes, both ways", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        const keys = ["\u{1f9a4}", "\uffee", "b", "ab", "a", "Z", "é", "a1", "a\u0001"]
        yield* storage.commit(batchOf(...keys.map((key) => typed(key, {}))))
        const sorted = [...keys].sort(compareText)
        assert.equal(sorted.at(-1), "\u{1f9a4}")
        assert.deepEqual(yield* keysOf(storage, "typed", { index: "key" }), sorted)
        assert.deepEqual(
          yield* keysOf(storage, "typed", { index: "key", order: "descending" }),
          [...sorted].reverse(),
        )
        assert.deepEqual(
          yield* keysOf(storage, "typed", { index: "key", from: "a", to: "b" }),
          ["a", "a\u0001", "a1", "ab"],
        )
      })))

  test("finds equality on a prefix and bounds on the next column; null only by equality", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        const tag = (byte: number) => new Uint8Array([byte])
        yield* storage.commit(batchOf(
          typed("a", { tag: tag(1), rank: 5 }),
          typed("b", { tag: tag(1), rank: -5 }),
          typed("c", { tag: tag(1), rank: 5 }),
          typed("d", { tag: tag(1) }),
          typed("e", { tag: tag(2), rank: 0 }),
          typed("f", { rank: 1 }),
          typed("g", {}),
        ))
        const by = (range: Omit<Range, "index">) =>
          keysOf(storage, "typed", { index: "by_tag_rank", ...range })
        assert.deepEqual(yield* by({}), ["g", "f", "d", "b", "a", "c", "e"])
        assert.deepEqual(yield* by({ equals: [tag(1)] }), ["d", "b", "a", "c"])
        assert.deepEqual(yield* by({ equals: [tag(1)], from: -5 }), ["b", "a", "c"])
        assert.deepEqual(yield* by({ equals: [tag(1)], to: 5 }), ["b"])
        assert.deepEqual(yield* by({ equals: [tag(1)], from: 5, to: 6 }), ["a", "c"])
        assert.deepEqual(yield* by({ equals: [tag(1), 5] }), ["a", "c"])
        assert.deepEqual(yield* by({ equals: [tag(1), null] }), ["d"])
        assert.deepEqual(yield* by({ equals: [null] }), ["g", "f"])
        assert.deepEqual(yield* by({ from: tag(2) }), ["e"])
        assert.deepEqual(yield* by({ to: tag(2) }), ["d", "b", "a", "c"])
        assert.deepEqual(yield* by({ from: tag(2), to: tag(1) }), [])
        assert.deepEqual(yield* by({ equals: [tag(3)] }), [])
      })))

  test("walks every range by pages in both orders, for any rows", (subject) =>
    session(subject, (storage) =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            fc.array(
              fc.record({
                key: fc.string({ unit: "binary", minLength: 1, maxLength: 3 })
                  .filter((key) => !key.includes("\0")),
                name: fc.option(fc.string({ unit: "binary", maxLength: 2 })),
                rank: fc.option(fc.integer({ min: -2, max: 2 })),
                tag: fc.option(fc.uint8Array({ maxLength: 2 })),
              }),
              { maxLength: 25 },
            ),
            fc.record({
              index: fc.constantFrom("by_name", "by_tag_rank", "by_rank"),
              bounded: fc.boolean(),
              limit: fc.integer({ min: 1, max: 9 }),
              probe: fc.nat(24),
            }),
            (rows, query) =>
              Effect.runPromise(Effect.gen(function* () {
                yield* storage.commit(batchOf(
                  { verb: "deleteRange", collection: "typed", index: "key" },
                  ...rows.map(({ key, ...columns }) => typed(key, columns)),
                ))
                const last = new Map(rows.map((row) => [row.key, row]))
                const columns = {
                  by_name: ["name"],
                  by_tag_rank: ["tag", "rank"],
                  by_rank: ["rank"],
                }
                const names = columns[query.index as keyof typeof columns] as ReadonlyArray<
                  "name" | "rank" | "tag"
                >
                const first = names[0] ?? "name"
                const probe = [...last.values()][query.probe]?.[first]
                const bound = query.bounded ? probe : undefined
                const range: Range = bound === undefined || bound === null
                  ? { index: query.index }
                  : { index: query.index, from: bound }
                const expected = [...last.values()].filter((row) => {
                  const value = row[first]
                  if (range.from === undefined) return true
                  return value !== null && compareScalars(value, range.from) >= 0
                }).sort((a, b) => {
                  for (const name of names) {
                    const order = compareScalars(a[name], b[name])
                    if (order !== 0) return order
                  }
                  return compareText(a.key, b.key)
                }).map((row) => row.key)
                const ascending = yield* walk(storage, "typed", { ...range, limit: query.limit })
                assert.deepEqual(ascending.map((row) => row.key), expected)
                const descending = yield* walk(storage, "typed", {
                  ...range,
                  limit: query.limit,
                  order: "descending",
                })
                assert.deepEqual(descending.map((row) => row.key), [...expected].reverse())
                assert.equal(yield* storage.count("typed", range, 1000), expected.length)
              })),
          ),
          { numRuns: 60 },
        )
      )))

  test("a cursor survives its row, new rows, the other order and a restart", async (subject) => {
    const feed = (at: number): Verb => ({
      verb: "append",
      collection: "feed",
      columns: { topic: "t", at },
      value: bytesOf(`${at}`),
    })
    const range = { index: "by_topic_at", equals: ["t"] } as const
    const cursor = await session(subject, (storage) =>
      Effect.gen(function* () {
        yield* storage.commit(batchOf(...[10, 20, 30, 40].map(feed)))
        const page = yield* storage.page("feed", { ...range, limit: 2 })
        assert.deepEqual(page.rows.map((row) => row.key), [1, 2])
        assert.equal(page.more, true)
        return page.cursors[1] ?? ""
      }))
    await session(subject, (storage) =>
      Effect.gen(function* () {
        yield* storage.commit(batchOf(
          { verb: "delete", collection: "feed", key: 2 },
          feed(20),
          feed(15),
          feed(25),
        ))
        assert.deepEqual(yield* keysOf(storage, "feed", { ...range, cursor }), [5, 7, 3, 4])
        assert.deepEqual(
          yield* keysOf(storage, "feed", { ...range, cursor, order: "descending" }),
          [6, 1],
        )
      }))
  })

  test("deletes ranges of every index", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        const all = ["a", "b", "c", "d", "e"]
        yield* storage.commit(batchOf(...all.map((key, at) => typed(key, { rank: at, name: "n" }))))
        yield* storage.commit(batchOf(
          { verb: "deleteRange", collection: "typed", index: "by_rank", from: 1, to: 3 },
        ))
        assert.deepEqual(yield* keysOf(storage, "typed", { index: "key" }), ["a", "d", "e"])
        assert.deepEqual(yield* keysOf(storage, "typed", { index: "by_name" }), ["a", "d", "e"])
        yield* storage.commit(batchOf(
          { verb: "deleteRange", collection: "typed", index: "key", from: "d", to: "e" },
          { verb: "deleteRange", collection: "typed", index: "by_name", equals: [null] },
        ))
        assert.deepEqual(yield* keysOf(storage, "typed", { index: "key" }), ["a", "e"])
        yield* storage.commit(batchOf(
          { verb: "deleteRange", collection: "typed", index: "by_name", equals: ["n"] },
        ))
        assert.deepEqual(yield* keysOf(storage, "typed", { index: "key" }), [])
      })))
}
