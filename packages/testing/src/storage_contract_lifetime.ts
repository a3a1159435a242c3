/**
 * The storage contract: openings, declarations, failures and the pen.
 *
 * @module
 */
import assert from "node:assert/strict"
import { type Collection, Storage, type StorageService } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import {
  batchOf,
  bytesOf,
  COLLECTIONS,
  type ContractTest,
  reasonOf,
  session,
} from "./storage_contract_subject.ts"

const put = (key: string) =>
  batchOf(
    { verb: "put", collection: "plain", key, value: bytesOf(key) },
    { verb: "append", collection: "feed", value: bytesOf(key) },
  )

/** Registers the tests of openings and failures. */
export function storageLifetimeContract(test: ContractTest): void {
  test("counts its openings and says that it is no copy", async (subject) => {
    for (const generation of [1, 2, 3]) {
      const condition = await session(subject, (storage) => Effect.succeed(storage.condition))
      assert.deepEqual({ ...condition }, { restored: false, generation })
    }
  })

  test("a copy says so until that is acknowledged; the original does not", async (subject) => {
    if (subject.copy === undefined) return
    await session(subject, (storage) => storage.commit(put("a")))
    const copy = await subject.copy()
    const restored = (storage: StorageService) => Effect.succeed(storage.condition.restored)
    try {
      assert.equal(await session(copy, restored), true)
      assert.equal(await session(copy, restored), true)
      const row = await session(
        copy,
        (storage) => Effect.andThen(storage.acknowledgeRestore, storage.get("plain", "a")),
      )
      assert.ok(Option.isSome(row))
      assert.equal(await session(copy, restored), false)
      assert.equal(await session(subject, restored), false)
    } finally {
      await copy.dispose?.()
    }
  })

  test("one instance holds the pen; the next gets it when the first is gone", (subject) =>
    Effect.runPromise(
      Effect.gen(function* () {
        const storage = yield* Storage
        yield* storage.declare(COLLECTIONS)
        yield* storage.commit(put("a"))
        const second = Effect.provide(
          Effect.asVoid(Storage.use(Effect.succeed)),
          Layer.fresh(subject.layer),
        )
        assert.equal(yield* reasonOf(second), "account-in-use")
        yield* storage.commit(put("b"))
      }).pipe(Effect.provide(Layer.fresh(subject.layer))),
    ).then(() =>
      session(subject, (storage) =>
        Effect.gen(function* () {
          assert.equal(yield* storage.count("plain", { index: "key" }, 9), 2)
        }))
    ))

  test("fails with closed after its scope", async (subject) => {
    const storage = await session(subject, Effect.succeed)
    for (
      const call of [
        storage.get("plain", "a"),
        storage.getMany("plain", ["a"]),
        storage.page("plain", { index: "key", limit: 1 }),
        storage.count("plain", { index: "key" }, 1),
        storage.search("notes", { text: "a", limit: 1 }),
        storage.commit(put("a")),
        storage.declare(COLLECTIONS),
        storage.acknowledgeRestore,
      ]
    ) assert.equal(await Effect.runPromise(reasonOf(call)), "closed")
  })

  test("declares new collections and indexes, and refuses contradictions", async (subject) => {
    const base: Collection = {
      name: "things",
      kind: "keyed",
      columns: { size: "integer", name: "text" },
      indexes: { by_size: ["size"] },
    }
    const thing = (key: string, size: number, name: string) =>
      batchOf({
        verb: "put",
        collection: "things",
        key,
        columns: { size, name },
        value: bytesOf(key),
      })
    await session(subject, (storage) =>
      Effect.gen(function* () {
        assert.equal(yield* reasonOf(storage.get("things", "a")), "invalid")
        yield* storage.declare([base])
        yield* storage.declare([base, base])
        yield* storage.commit(thing("a", 2, "z"))
        yield* storage.commit(thing("b", 1, "y"))
      }))
    await session(subject, (storage) =>
      Effect.gen(function* () {
        const contradictions: ReadonlyArray<Collection> = [
          { ...base, kind: "log" },
          { ...base, columns: { size: "integer" } },
          { ...base, columns: { size: "text", name: "text" } },
          { ...base, columns: { ...base.columns, more: "text" } },
          { ...base, indexes: { by_size: ["name"] } },
          { ...base, searchable: true },
        ]
        for (const contradiction of contradictions) {
          const fresh = { ...base, name: "fresh" }
          const refused = storage.declare([fresh, contradiction])
          assert.equal(yield* reasonOf(refused), "newer-schema")
          assert.equal(yield* reasonOf(storage.get("fresh", "a")), "invalid")
        }
        yield* storage.declare([{ ...base, indexes: { by_name_size: ["name", "size"] } }])
        const page = yield* storage.page("things", { index: "by_name_size", limit: 9 })
        assert.deepEqual(page.rows.map((row) => row.key), ["b", "a"])
        const broken: ReadonlyArray<Collection> = [
          { ...base, name: "Upper" },
          { ...base, name: "x; DROP TABLE y" },
          { ...base, name: "c".repeat(42) },
          { ...base, name: "broken", columns: { "a b": "text" } },
          { ...base, name: "broken", indexes: { by_x: ["x"] } },
          { ...base, name: "broken", indexes: { key: ["size"] } },
          { ...base, name: "broken", indexes: { by_none: [] } },
          { ...base, name: "broken", indexes: { twice: ["size", "size"] } },
        ]
        for (const declaration of broken) {
          assert.equal(yield* reasonOf(storage.declare([declaration])), "invalid")
        }
      }))
  })

  for (const reason of ["full", "io", "busy"] as const) {
    test(`a commit that fails with ${reason} writes nothing and may be repeated`, (subject) =>
      session(subject, (storage) =>
        Effect.gen(function* () {
          if (subject.failNextCommit === undefined) return
          yield* storage.commit(put("before"))
          subject.failNextCommit({ reason, applied: false })
          const batch = put("a")
          assert.equal(yield* reasonOf(storage.commit(batch)), reason)
          assert.ok(Option.isNone(yield* storage.get("plain", "a")))
          assert.equal(yield* storage.count("feed", { index: "key" }, 9), 1)
          assert.deepEqual(yield* storage.commit(batch), { appended: [2], repeated: false })
        })))
  }

  for (const applied of [false, true]) {
    test(
      `an unknown outcome closes the pen until its batch is repeated (${
        applied ? "it was durable" : "it was not"
      })`,
      async (subject) => {
        if (subject.failNextCommit === undefined) return
        const batch = put("a")
        await session(subject, (storage) =>
          Effect.gen(function* () {
            yield* storage.commit(put("before"))
            subject.failNextCommit?.({ reason: "outcome-unknown", applied })
            assert.equal(yield* reasonOf(storage.commit(batch)), "outcome-unknown")
            for (
              const call of [
                storage.get("plain", "before"),
                storage.getMany("plain", ["before"]),
                storage.page("plain", { index: "key", limit: 1 }),
                storage.count("plain", { index: "key" }, 1),
                storage.search("notes", { text: "a", limit: 1 }),
                storage.commit(put("b")),
                storage.declare(COLLECTIONS),
              ]
            ) assert.equal(yield* reasonOf(call), "closed")
            assert.deepEqual(yield* storage.commit(batch), { appended: [2], repeated: applied })
            assert.deepEqual((yield* storage.commit(put("b"))).appended, [3])
          }))
        await session(subject, (storage) =>
          Effect.gen(function* () {
            const page = yield* storage.page("plain", { index: "key", limit: 9 })
            assert.deepEqual(page.rows.map((row) => row.key), ["a", "b", "before"])
            assert.equal(yield* storage.count("feed", { index: "key" }, 9), 3)
          }))
      },
    )
  }
}
