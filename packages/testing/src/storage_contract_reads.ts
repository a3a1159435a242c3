/**
 * The storage contract: reads by key, counts, and what a read refuses.
 *
 * @module
 */
import assert from "node:assert/strict"
import { compareBytes, type PageQuery } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { typed } from "./storage_contract_ranges.ts"
import {
  batchOf,
  bytesOf,
  type ContractTest,
  reasonOf,
  session,
} from "./storage_contract_subject.ts"

/** Registers the tests of reads that are not about a range's order. */
export function storageReadContract(test: ContractTest): void {
  test("refuses cursors of other ranges and queries beyond the bounds", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        yield* storage.commit(batchOf(typed("a", { rank: 1 }), typed("b", { rank: 2 })))
        const page = yield* storage.page("typed", { index: "by_rank", limit: 1 })
        const cursor = page.cursors[0] ?? ""
        const wrong: ReadonlyArray<PageQuery> = [
          { index: "by_rank", from: 1, limit: 1, cursor },
          { index: "by_name", limit: 1, cursor },
          { index: "key", limit: 1, cursor },
          { index: "by_rank", limit: 1, cursor: "" },
          { index: "by_rank", limit: 1, cursor: "AAAA" },
          { index: "by_rank", limit: 0 },
          { index: "by_rank", limit: 1001 },
          { index: "by_rank", limit: 1.5 },
          { index: "none", limit: 1 },
          { index: "toString", limit: 1 },
          { index: "by_rank", equals: [1], from: 1, limit: 1 },
          { index: "by_rank", from: "1", limit: 1 },
        ]
        for (const query of wrong) {
          assert.equal(yield* reasonOf(storage.page("typed", query)), "invalid")
        }
        assert.equal(
          yield* reasonOf(storage.page("unknown", { index: "key", limit: 1 })),
          "invalid",
        )
        assert.equal(
          yield* reasonOf(storage.page("feed", { index: "key", from: "1", limit: 1 })),
          "invalid",
        )
        assert.equal(yield* reasonOf(storage.get("feed", "1")), "invalid")
        assert.equal(yield* reasonOf(storage.get("typed", 1)), "invalid")
        const many = Array.from({ length: 1001 }, (_, at) => `k${at}`)
        assert.equal(yield* reasonOf(storage.getMany("typed", many)), "invalid")
        assert.equal(yield* reasonOf(storage.count("typed", { index: "key" }, -1)), "invalid")
      })))

  test("reads many rows by key and leaves out what is missing", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        yield* storage.commit(batchOf(typed("a", {}), typed("b", {}), {
          verb: "append",
          collection: "feed",
          value: bytesOf("1"),
        }))
        const rows = yield* storage.getMany("typed", ["b", "x", "a", "b"])
        assert.deepEqual([...rows.keys()].sort(), ["a", "b"])
        assert.equal(compareBytes(rows.get("b")?.value ?? new Uint8Array(), bytesOf("b")), 0)
        const feed = yield* storage.getMany("feed", [1, 2])
        assert.deepEqual([...feed.keys()], [1])
        assert.equal((yield* storage.getMany("typed", [])).size, 0)
      })))

  test("counts no further than it was asked to", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        yield* storage.commit(
          batchOf(...Array.from({ length: 20 }, (_, at) => typed(`k${at}`, { rank: at }))),
        )
        assert.equal(yield* storage.count("typed", { index: "key" }, 7), 7)
        assert.equal(yield* storage.count("typed", { index: "key" }, 20), 20)
        assert.equal(yield* storage.count("typed", { index: "by_rank", from: 15 }, 100), 5)
        assert.equal(yield* storage.count("typed", { index: "key" }, 0), 0)
      })))
}
