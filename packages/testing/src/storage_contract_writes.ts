/**
 * The storage contract: what a batch does.
 *
 * @module
 */
import assert from "node:assert/strict"
import { type Batch, MAX_BATCH_VERBS, type Verb } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import {
  batchOf,
  bytesOf,
  type ContractTest,
  freshBatchId,
  reasonOf,
  session,
} from "./storage_contract_subject.ts"

const put = (key: string, text: string): Verb => ({
  verb: "put",
  collection: "plain",
  key,
  value: bytesOf(text),
})

/** Registers the tests of writing. */
export function storageWriteContract(test: ContractTest): void {
  test("reads back a row as it was written, in a copy of its own", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        assert.ok(Option.isNone(yield* storage.get("typed", "k")))
        const value = new Uint8Array([1, 2, 3])
        const tag = new Uint8Array([9])
        yield* storage.commit(batchOf({
          verb: "put",
          collection: "typed",
          key: "k",
          columns: { name: "ñandú 🦤", rank: Number.MIN_SAFE_INTEGER, tag },
          value,
        }))
        value.fill(7)
        tag.fill(7)
        const read = storage.get("typed", "k").pipe(Effect.map(Option.getOrThrow))
        const first = yield* read
        const expected = {
          key: "k",
          columns: {
            name: "ñandú 🦤",
            rank: Number.MIN_SAFE_INTEGER,
            tag: new Uint8Array([9]),
          },
          value: new Uint8Array([1, 2, 3]),
        }
        assert.deepEqual({ ...first, columns: { ...first.columns } }, expected)
        first.value.fill(0)
        const second = yield* read
        assert.deepEqual(second.value, expected.value)
      })))

  test("keeps extreme scalars exactly", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        const rows = [
          { name: "", rank: 0, tag: new Uint8Array() },
          { name: "a\0b", rank: Number.MAX_SAFE_INTEGER, tag: new Uint8Array(4096).fill(255) },
          { name: "\u{10ffff}", rank: 2 ** 31, tag: new Uint8Array([0]) },
          { name: "1e3", rank: -(2 ** 33), tag: null },
          { name: null, rank: null, tag: null },
        ]
        yield* storage.commit(batchOf(...rows.map((columns, at): Verb => ({
          verb: "put",
          collection: "typed",
          key: `k${at}`,
          columns,
          value: new Uint8Array(at),
        }))))
        for (const [at, columns] of rows.entries()) {
          const row = Option.getOrThrow(yield* storage.get("typed", `k${at}`))
          assert.deepEqual({ ...row.columns }, columns)
          assert.equal(row.value.length, at)
        }
      })))

  test("replaces, deletes and forgets columns that a later put leaves out", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        const key = "k"
        const typed = { verb: "put", collection: "typed", key } as const
        yield* storage.commit(
          batchOf({ ...typed, columns: { name: "x", rank: 1 }, value: bytesOf("one") }),
        )
        yield* storage.commit(batchOf({ ...typed, columns: { rank: 2 }, value: bytesOf("two") }))
        const row = Option.getOrThrow(yield* storage.get("typed", key))
        assert.deepEqual({ ...row.columns }, { name: null, rank: 2, tag: null })
        assert.deepEqual(row.value, bytesOf("two"))
        const named = yield* storage.page("typed", { index: "by_name", equals: ["x"], limit: 9 })
        assert.equal(named.rows.length, 0)
        const gone = { verb: "delete", collection: "typed", key } as const
        yield* storage.commit(batchOf(gone))
        yield* storage.commit(batchOf(gone))
        assert.ok(Option.isNone(yield* storage.get("typed", key)))
      })))

  test("numbers appended rows from one and never gives a number twice", async (subject) => {
    const append = (topic: string): Verb => ({
      verb: "append",
      collection: "feed",
      columns: { topic },
      value: bytesOf(topic),
    })
    await session(subject, (storage) =>
      Effect.gen(function* () {
        const first = yield* storage.commit(batchOf(append("a"), append("b"), append("c")))
        assert.deepEqual(first.appended, [1, 2, 3])
        const again = yield* storage.commit(batchOf(
          { verb: "delete", collection: "feed", key: 3 },
          append("d"),
        ))
        assert.deepEqual(again.appended, [4])
        yield* storage.commit(batchOf({ verb: "deleteRange", collection: "feed", index: "key" }))
      }))
    await session(subject, (storage) =>
      Effect.gen(function* () {
        const next = yield* storage.commit(batchOf(append("e")))
        assert.deepEqual(next.appended, [5])
        assert.equal(Option.getOrThrow(yield* storage.get("feed", 5)).key, 5)
      }))
  })

  test("runs verbs in order inside a batch", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        yield* storage.commit(batchOf(
          put("a", "1"),
          put("b", "1"),
          { verb: "deleteRange", collection: "plain", index: "key", to: "b" },
          put("a", "2"),
          { verb: "delete", collection: "plain", key: "b" },
        ))
        assert.deepEqual(Option.getOrThrow(yield* storage.get("plain", "a")).value, bytesOf("2"))
        assert.ok(Option.isNone(yield* storage.get("plain", "b")))
      })))

  test("checks every expectation against the state before the batch", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        const expect = (key: string, is: "present" | "absent" | { value: Uint8Array }): Verb => ({
          verb: "expect",
          collection: "plain",
          key,
          is,
        })
        yield* storage.commit(batchOf(put("a", "1"), expect("a", "absent")))
        for (
          const is of [
            "absent",
            { value: bytesOf("2") },
            { value: new Uint8Array() },
            { value: bytesOf("1 and more") },
          ] as const
        ) {
          const refused = storage.commit(batchOf(put("x", "1"), expect("a", is)))
          assert.equal(yield* reasonOf(refused), "conflict")
        }
        assert.equal(
          yield* reasonOf(storage.commit(batchOf(expect("x", "present"), put("x", "1")))),
          "conflict",
        )
        assert.ok(Option.isNone(yield* storage.get("plain", "x")))
        yield* storage.commit(batchOf(
          expect("a", "present"),
          expect("a", { value: bytesOf("1") }),
          expect("x", "absent"),
          put("a", "2"),
        ))
        assert.deepEqual(Option.getOrThrow(yield* storage.get("plain", "a")).value, bytesOf("2"))
      })))

  test("repeats a committed batch without doing it again, also after a restart", async (subject) => {
    const batch: Batch = {
      id: freshBatchId(),
      verbs: [put("n", "1"), { verb: "append", collection: "feed", value: bytesOf("x") }],
    }
    await session(subject, (storage) =>
      Effect.gen(function* () {
        assert.deepEqual(yield* storage.commit(batch), { appended: [1], repeated: false })
        yield* storage.commit(batchOf(put("n", "2")))
        assert.deepEqual(yield* storage.commit(batch), { appended: [1], repeated: true })
      }))
    await session(subject, (storage) =>
      Effect.gen(function* () {
        assert.deepEqual(yield* storage.commit(batch), { appended: [1], repeated: true })
        assert.deepEqual(Option.getOrThrow(yield* storage.get("plain", "n")).value, bytesOf("2"))
        assert.equal(yield* storage.count("feed", { index: "key" }, 10), 1)
      }))
  })

  test("remembers at least 1024 batches", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        const first = batchOf({ verb: "append", collection: "feed", value: bytesOf("x") })
        yield* storage.commit(first)
        for (let i = 1; i < 1024; i++) yield* storage.commit(batchOf())
        assert.deepEqual(yield* storage.commit(first), { appended: [1], repeated: true })
      })))

  test("an empty batch succeeds, and a refused one may be corrected under its id", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        assert.deepEqual(yield* storage.commit(batchOf()), { appended: [], repeated: false })
        const id = freshBatchId()
        const wrong: Verb = { verb: "expect", collection: "plain", key: "a", is: "present" }
        assert.equal(yield* reasonOf(storage.commit({ id, verbs: [wrong] })), "conflict")
        const right = yield* storage.commit({ id, verbs: [put("a", "1")] })
        assert.equal(right.repeated, false)
      })))

  test("erases on request and keeps the rest", async (subject) => {
    await session(subject, (storage) =>
      Effect.gen(function* () {
        yield* storage.commit(batchOf(put("a", "secret"), put("b", "kept")))
        yield* storage.commit({
          ...batchOf({ verb: "delete", collection: "plain", key: "a" }),
          erase: true,
        })
        assert.ok(Option.isNone(yield* storage.get("plain", "a")))
      }))
    await session(subject, (storage) =>
      Effect.gen(function* () {
        assert.deepEqual(Option.getOrThrow(yield* storage.get("plain", "b")).value, bytesOf("kept"))
        assert.ok(Option.isNone(yield* storage.get("plain", "a")))
      }))
  })

  test("refuses batches that break the contract and changes nothing", (subject) =>
    session(subject, (storage) =>
      Effect.gen(function* () {
        const value = bytesOf("x")
        const typed = { verb: "put", collection: "typed", key: "k", value } as const
        const wrong: ReadonlyArray<Verb> = [
          { verb: "put", collection: "unknown", key: "k", value },
          { verb: "put", collection: "feed", key: "k", value },
          { verb: "append", collection: "plain", value },
          { verb: "put", collection: "plain", key: "", value },
          { verb: "put", collection: "plain", key: "a\0b", value },
          { verb: "put", collection: "plain", key: "\ud800", value },
          { verb: "put", collection: "plain", key: "é".repeat(257), value },
          { verb: "put", collection: "plain", key: "k", value, text: "not searchable" },
          { verb: "put", collection: "plain", key: "k", value: new Uint8Array(16 * 2 ** 20 + 1) },
          { ...typed, columns: { missing: 1 } },
          { ...typed, columns: { rank: "1" } },
          { ...typed, columns: { rank: 0.5 } },
          { ...typed, columns: { rank: 2 ** 53 } },
          { ...typed, columns: { name: 1 } },
          { ...typed, columns: { name: "\udc00" } },
          { ...typed, columns: { name: "x".repeat(4097) } },
          { ...typed, columns: { tag: "x" } },
          { verb: "delete", collection: "plain", key: 1 },
          { verb: "delete", collection: "feed", key: "1" },
          { verb: "delete", collection: "feed", key: 0 },
          { verb: "deleteRange", collection: "plain", index: "none" },
          { verb: "deleteRange", collection: "typed", index: "by_name", equals: ["a", "b"] },
          { verb: "deleteRange", collection: "typed", index: "by_rank", from: "1" },
          { verb: "deleteRange", collection: "typed", index: "key", equals: ["k"] },
          { verb: "expect", collection: "feed", key: "1", is: "present" },
        ]
        for (const [at, verb] of wrong.entries()) {
          const refused = storage.commit(batchOf(put("before", "1"), verb))
          assert.equal(yield* reasonOf(refused), "invalid", `case ${at}`)
        }
        for (const id of ["", "0".repeat(31), "G".repeat(32), "A".repeat(32)]) {
          assert.equal(yield* reasonOf(storage.commit({ id, verbs: [] })), "invalid")
        }
        const many = Array.from({ length: MAX_BATCH_VERBS + 1 }, () => put("before", "1"))
        assert.equal(yield* reasonOf(storage.commit(batchOf(...many))), "invalid")
        const big = new Uint8Array(16 * 2 ** 20)
        const heavy = Array.from({ length: 5 }, (_, at): Verb => ({
          verb: "put",
          collection: "plain",
          key: `before${at}`,
          value: big,
        }))
        assert.equal(yield* reasonOf(storage.commit(batchOf(...heavy))), "invalid")
        assert.equal(yield* storage.count("plain", { index: "key" }, 10), 0)
      })))
}
