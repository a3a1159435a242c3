import type { StorageService, Verb } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { after, before, describe, test } from "node:test"
import { PAGE_SIZE } from "../src/open/page_authentication.ts"
import { drivers } from "./support/drivers.ts"
import { given, KEY, open, refusedBecause } from "./support/open.ts"
import { makePlace, type Place, withPlace } from "./support/place.ts"

const COLLECTIONS = [
  { name: "rows", kind: "keyed", columns: { at: "integer" }, indexes: { by_at: ["at"] } },
  { name: "texts", kind: "log", columns: {}, indexes: {}, searchable: true },
] as const

const valueOf = (at: number) => new Uint8Array(at % 7 === 0 ? 9000 : 50 + at).fill(at)

/** Reads everything in every way, and compares it with what was written. */
const readAll = (storage: StorageService) =>
  Effect.gen(function* () {
    yield* storage.declare(COLLECTIONS)
    const rows = yield* storage.page("rows", { index: "by_at", limit: 1000 })
    assert.deepEqual(
      rows.rows.map((row) => row.columns["at"]),
      Array.from({ length: 120 }, (_, at) => at),
    )
    for (const row of rows.rows) assert.deepEqual(row.value, valueOf(Number(row.columns["at"])))
    const many = yield* storage.getMany("rows", rows.rows.map((row) => row.key))
    assert.equal(many.size, 120)
    const texts = yield* storage.page("texts", { index: "key", limit: 1000 })
    assert.equal(texts.rows.length, 120)
    const hits = yield* storage.search("texts", { text: "word common", limit: 1000 })
    assert.deepEqual(hits.rows.map((row) => row.key), texts.rows.map((row) => row.key).reverse())
  })

const fill = (storage: StorageService) =>
  Effect.gen(function* () {
    yield* storage.declare(COLLECTIONS)
    const verbs = Array.from({ length: 120 }, (_, at): ReadonlyArray<Verb> => [
      {
        verb: "put",
        collection: "rows",
        key: `k${(at * 37) % 120}`,
        columns: { at },
        value: valueOf(at),
      },
      {
        verb: "append",
        collection: "texts",
        value: valueOf(at),
        text: `word${at} word common text`,
      },
    ]).flat()
    yield* storage.commit({ id: "0".repeat(32), verbs })
  })

for (const driver of drivers) {
  describe(`damage of the main file, ${driver.name}`, () => {
    let place: Place
    let whole: Buffer
    before(async () => {
      place = makePlace()
      await open(place.path, fill, given(), driver)
      whole = readFileSync(place.path)
      assert.equal(whole.length % PAGE_SIZE, 0)
    })
    after(() => place.remove())

    /** Opens and reads a changed file; answers `same` or the reason of the typed error. */
    const outcome = async (change: (path: string) => void): Promise<string> => {
      writeFileSync(place.path, whole)
      for (const suffix of ["-wal", "-shm"]) rmSync(place.path + suffix, { force: true })
      change(place.path)
      const reason = await refusedBecause(place.path, given(), driver, readAll)
      return reason === "opened" ? "same" : reason
    }

    const overwrite = (path: string, at: number, bytes: Uint8Array) => {
      const descriptor = openSync(path, "r+")
      writeSync(descriptor, bytes, 0, bytes.length, at)
      closeSync(descriptor)
    }

    test("the whole file reads whole", async () => {
      assert.equal(await outcome(() => {}), "same")
    })

    test(
      "one flipped bit in any page is an error, never another row",
      { timeout: 300_000 },
      async () => {
        const outcomes = new Map<string, number>()
        for (let page = 0; page < whole.length / PAGE_SIZE; page++) {
          const at = page * PAGE_SIZE + ((page * 613 + 7) % PAGE_SIZE)
          const result = await outcome((path) =>
            overwrite(path, at, Uint8Array.of((whole[at] ?? 0) ^ (1 << page % 8)))
          )
          outcomes.set(result, (outcomes.get(result) ?? 0) + 1)
        }
        // A page on the free list is not read, and nothing is lost with it.
        assert.deepEqual([...outcomes.keys()].filter((result) => result !== "same"), ["damaged"])
        assert.ok((outcomes.get("damaged") ?? 0) > 0.9 * whole.length / PAGE_SIZE)
      },
    )

    test("two exchanged pages are an error", { timeout: 300_000 }, async () => {
      const pages = whole.length / PAGE_SIZE
      const pageOf = (number: number) =>
        whole.subarray(number * PAGE_SIZE, (number + 1) * PAGE_SIZE)
      for (let page = 1; page + 3 < pages; page += 5) {
        const result = await outcome((path) => {
          overwrite(path, page * PAGE_SIZE, pageOf(page + 3))
          overwrite(path, (page + 3) * PAGE_SIZE, pageOf(page))
        })
        assert.equal(result, "damaged", `pages ${page} and ${page + 3}`)
      }
    })

    test("a cut is an error, wherever it is", { timeout: 300_000 }, async () => {
      for (const size of [1, 15, 100, 1000, PAGE_SIZE - 1]) {
        assert.equal(await outcome((path) => truncateSync(path, size)), "not-a-database", `${size}`)
      }
      for (let size = PAGE_SIZE; size < whole.length; size += 17 * PAGE_SIZE) {
        assert.equal(await outcome((path) => truncateSync(path, size)), "damaged", `${size}`)
      }
      for (let size = PAGE_SIZE + 1234; size < whole.length; size += 19 * PAGE_SIZE) {
        assert.equal(await outcome((path) => truncateSync(path, size)), "not-a-database", `${size}`)
      }
    })

    test("a file cut to nothing is an error, with and without its log", async () => {
      assert.equal(await outcome((path) => truncateSync(path, 0)), "not-a-database")
      assert.equal(
        await outcome((path) => {
          truncateSync(path, 0)
          writeFileSync(`${path}-wal`, "something")
        }),
        "not-a-database",
      )
    })

    test("a page of zeros never yields another row", { timeout: 300_000 }, async () => {
      for (let page = 0; page < whole.length / PAGE_SIZE; page += 3) {
        const result = await outcome((path) =>
          overwrite(path, page * PAGE_SIZE, new Uint8Array(PAGE_SIZE))
        )
        assert.ok(["same", "damaged"].includes(result), `page ${page + 1}: ${result}`)
      }
    })

    test("another key and another file are told from damage", async () => {
      const other = given(KEY.map((byte) => byte ^ 1))
      writeFileSync(place.path, whole)
      assert.equal(await refusedBecause(place.path, other, driver), "wrong-key")
      // Without the record beside it, only an authentic page could tell.
      const record = `${place.path}.record.json`
      copyFileSync(record, `${record}.kept`)
      rmSync(record)
      assert.equal(await refusedBecause(place.path, other, driver), "wrong-key-or-damaged")
      const broken = Uint8Array.of((whole[500] ?? 0) ^ 1)
      overwrite(place.path, 500, broken)
      assert.equal(await refusedBecause(place.path, given(), driver), "damaged")
      copyFileSync(`${record}.kept`, record)
      rmSync(`${record}.kept`)
    })
  })
}

test("a file of another kind is not a database", () =>
  withPlace(async ({ path }) => {
    await open(path, fill)
    rmSync(`${path}.record.json`)
    writeFileSync(path, "this is a letter\n".repeat(1000))
    assert.equal(await refusedBecause(path), "not-a-database")
    writeFileSync(path, new Uint8Array(10 * PAGE_SIZE).map((_, at) => (at * 7919) >> 3))
    assert.equal(await refusedBecause(path), "wrong-key-or-damaged")
  }))
