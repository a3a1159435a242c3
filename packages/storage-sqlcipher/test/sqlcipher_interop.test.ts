import type { Verb } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { copyFileSync, existsSync, mkdirSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import { test } from "node:test"
import { readPage } from "../src/read/queries.ts"
import { kill, line, startScript } from "./support/child.ts"
import { drivers } from "./support/drivers.ts"
import { given, KEY, open } from "./support/open.ts"
import { type Place, withPlace } from "./support/place.ts"
import { runStock, runStockAndKill, stockSqlcipher } from "./support/stock_sqlcipher.ts"

const program = "path" in stockSqlcipher ? stockSqlcipher.path : ""
const skip = "missing" in stockSqlcipher ? stockSqlcipher.missing : false

test("the stock program is here where it must be", () => {
  if (process.env["CI"] === "true") assert.equal(skip, false)
})

const ROWS = {
  name: "rows",
  kind: "keyed",
  columns: { at: "integer" },
  indexes: { by_at: ["at"] },
  searchable: true,
} as const

const rowVerbs = (count: number) =>
  Array.from({ length: count }, (_, at): Verb => ({
    verb: "put",
    collection: "rows",
    key: `k${at}`,
    columns: { at },
    value: new Uint8Array(at * 40).fill(at),
    text: `word${at} common`,
  }))

/** The main file and its log as they are now: what a kill would leave. */
function image(place: Place, name: string): string {
  const copy = join(place.root, name, "chat.db")
  mkdirSync(dirname(copy), { mode: 0o700 })
  for (const suffix of ["", "-wal"]) {
    if (existsSync(place.path + suffix)) copyFileSync(place.path + suffix, copy + suffix)
  }
  return copy
}

for (const driver of drivers) {
  test(`the stock program opens ours, clean in every page (${driver.name})`, {
    skip,
    timeout: 60_000,
  }, () =>
    withPlace(async ({ path }) => {
      await open(
        path,
        (storage) =>
          Effect.gen(function* () {
            yield* storage.declare([ROWS])
            yield* storage.commit({ id: "1".repeat(32), verbs: rowVerbs(200) })
          }),
        given(),
        driver,
      )
      assert.deepEqual(runStock(program, path, KEY, "PRAGMA cipher_integrity_check;"), [])
      assert.deepEqual(runStock(program, path, KEY, "PRAGMA integrity_check;"), [])
      assert.deepEqual(runStock(program, path, KEY, "SELECT count(*), max(x_at) FROM c_rows;"), [
        "200|199",
      ])
      assert.deepEqual(
        runStock(
          program,
          path,
          KEY,
          "SELECT journal_mode FROM pragma_journal_mode; SELECT page_size FROM pragma_page_size;",
        ),
        ["wal", "4096"],
      )
      const sum =
        "SELECT hex(substr(value, 13, 3)) FROM mdk_values JOIN c_rows ON place = id WHERE key = 'k66';"
      assert.deepEqual(runStock(program, path, KEY, sum), ["424242"])
    }))

  test(
    `the stock program recovers a log that we left (${driver.name})`,
    { skip, timeout: 60_000 },
    () =>
      withPlace(async (place) => {
        const copy = await open(
          place.path,
          (storage) =>
            Effect.gen(function* () {
              yield* storage.declare([ROWS])
              yield* storage.commit({ id: "1".repeat(32), verbs: rowVerbs(50) })
              return image(place, "left")
            }),
          given(),
          driver,
        )
        assert.ok(statSync(`${copy}-wal`).size > 0)
        assert.deepEqual(
          runStock(
            program,
            copy,
            KEY,
            "SELECT count(*) FROM c_rows; PRAGMA cipher_integrity_check;",
          ),
          ["50"],
        )
      }),
  )

  test(
    `we open what the stock program wrote (${driver.name})`,
    { skip, timeout: 60_000 },
    () =>
      withPlace(async (place) => {
        const { path, root } = place
        await open(
          path,
          (storage) =>
            Effect.gen(function* () {
              yield* storage.declare([ROWS])
              yield* storage.commit({ id: "1".repeat(32), verbs: rowVerbs(80) })
            }),
          given(),
          driver,
        )
        // All of it written anew by the stock program, in its own default journal mode.
        mkdirSync(join(root, "theirs"), { mode: 0o700 })
        const theirs = join(root, "theirs", "chat.db")
        const hex = [...KEY].map((byte) => byte.toString(16).padStart(2, "0")).join("")
        runStock(
          program,
          path,
          KEY,
          `ATTACH DATABASE '${theirs}' AS theirs KEY "x'${hex}'"; SELECT sqlcipher_export('theirs'); DETACH DATABASE theirs;`,
        )
        const found = await open(
          theirs,
          (storage) =>
            Effect.gen(function* () {
              assert.equal(storage.condition.restored, true)
              yield* storage.declare([ROWS])
              const page = yield* storage.page("rows", { index: "by_at", limit: 100 })
              const hits = yield* storage.search("rows", { text: "word7 common", limit: 9 })
              assert.deepEqual(hits.rows.map((row) => row.key), ["k7"])
              yield* storage.commit({
                id: "2".repeat(32),
                verbs: [{ verb: "delete", collection: "rows", key: "k7" }],
              })
              return page.rows
            }),
          given(),
          driver,
        )
        assert.equal(found.length, 80)
        for (const row of found) {
          const at = Number(row.columns["at"])
          assert.deepEqual(row.value, new Uint8Array(at * 40).fill(at))
        }
        assert.deepEqual(
          runStock(
            program,
            theirs,
            KEY,
            "PRAGMA cipher_integrity_check; SELECT count(*) FROM c_rows;",
          ),
          ["79"],
        )
      }),
  )

  test(`we recover a log that the stock program left when it was killed (${driver.name})`, {
    skip,
    timeout: 60_000,
  }, () =>
    withPlace(async ({ path }) => {
      mkdirSync(dirname(path), { mode: 0o700 })
      await runStockAndKill(
        program,
        path,
        KEY,
        "PRAGMA journal_mode=WAL; CREATE TABLE t (v TEXT); " +
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) " +
          "INSERT INTO t SELECT 'row ' || i FROM n;",
      )
      assert.ok(statSync(`${path}-wal`).size > 0)
      const connection = driver.open({ path, encryption: { kind: "sqlcipher", key: KEY } })
      try {
        const row = connection.prepare("SELECT count(*) AS n, min(v) AS first FROM t").get()
        assert.deepEqual({ ...row }, { n: 500, first: "row 1" })
      } finally {
        connection.close()
      }
    }))
}

test("a process of ours that is killed leaves a log that all three recover", {
  skip,
  timeout: 60_000,
}, () =>
  withPlace(async (place) => {
    const child = startScript("writer_process.ts", [place.path, "40"])
    await line(child, "written")
    await kill(child)
    assert.ok(statSync(`${place.path}-wal`).size > 0)
    const forStock = image(place, "stock")
    assert.deepEqual(
      runStock(
        program,
        forStock,
        KEY,
        "SELECT count(*) FROM c_rows; PRAGMA cipher_integrity_check;",
      ),
      ["40"],
    )
    for (const driver of drivers) {
      const copy = image(place, driver.name)
      const connection = driver.open({ path: copy, encryption: { kind: "sqlcipher", key: KEY } })
      const collection = {
        name: "rows",
        kind: "keyed",
        columns: { at: "integer" },
        indexes: { by_at: ["at"] },
      } as const
      const page = readPage(connection, collection, { index: "by_at", limit: 100 })
      assert.deepEqual(
        page?.rows.map((row) => row.columns["at"]),
        Array.from({ length: 40 }, (_, at) => at),
      )
      connection.close()
    }
  }))
