import type { Verb } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { test } from "node:test"
import { drivers } from "./support/drivers.ts"
import { given, open } from "./support/open.ts"
import { withPlace } from "./support/place.ts"

const MARKS = {
  key: "KEYMARK-5d1c0f",
  column: "COLUMNMARK-91be77",
  value: "VALUEMARK-c04a3e",
  text: "textmark9f2d11",
  collection: "namemark_77aa",
}

/** The beginnings of files that hold a mark. */
const leaks = (files: ReadonlyArray<string>) =>
  files.filter((file) => {
    const content = readFileSync(file)
    return Object.values(MARKS).some((mark) => content.includes(mark)) ||
      content.includes("SQLite format 3")
  })

const filesIn = (directory: string) =>
  readdirSync(directory).map((name) => join(directory, name)).filter((file) =>
    statSync(file).isFile()
  )

/** Temporary files of SQLite anywhere it might put them. */
const temporaryFiles = () =>
  ["/var/tmp", "/usr/tmp", "/tmp", tmpdir()].flatMap((directory) => {
    try {
      return readdirSync(directory).filter((name) => name.startsWith("etilqs_"))
    } catch {
      return []
    }
  })

for (const driver of drivers) {
  test(
    `no mark stands in clear in any file, at any moment (${driver.name})`,
    { timeout: 60_000 },
    () =>
      withPlace(async ({ path }) => {
        const before = temporaryFiles().length
        let looks = 0
        const look = () => {
          looks++
          assert.deepEqual(leaks(filesIn(dirname(path))), [])
          assert.equal(temporaryFiles().length, before)
        }
        await open(
          path,
          (storage) =>
            Effect.gen(function* () {
              yield* storage.declare([{
                name: MARKS.collection,
                kind: "keyed",
                columns: { label: "text" },
                indexes: { by_label: ["label"] },
                searchable: true,
              }])
              look()
              for (let round = 0; round < 12; round++) {
                const verbs = Array.from({ length: 200 }, (_, at): Verb => ({
                  verb: "put",
                  collection: MARKS.collection,
                  key: `${MARKS.key}-${(at * 7919) % 500}`,
                  columns: { label: `${MARKS.column}-${at % 9}` },
                  value: new TextEncoder().encode(MARKS.value.repeat(20)),
                  text: `${MARKS.text} number ${at}`,
                }))
                yield* storage.commit({
                  id: round.toString(16).padStart(32, "0"),
                  verbs,
                  erase: round % 3 === 0,
                })
                look()
                yield* storage.page(MARKS.collection, {
                  index: "by_label",
                  limit: 1000,
                  order: "descending",
                })
                yield* storage.search(MARKS.collection, { text: MARKS.text, limit: 1000 })
                yield* storage.commit({
                  id: (round + 100).toString(16).padStart(32, "0"),
                  verbs: [{
                    verb: "deleteRange",
                    collection: MARKS.collection,
                    index: "by_label",
                    equals: [`${MARKS.column}-${round % 9}`],
                  }],
                })
                look()
              }
            }),
          given(),
          driver,
        )
        look()
        assert.ok(looks > 20)
      }),
  )
}

test("the scan would find a mark: in clear it does", () =>
  withPlace(async ({ path }) => {
    await open(path, (storage) =>
      Effect.gen(function* () {
        yield* storage.declare([{ name: "c", kind: "keyed", columns: {}, indexes: {} }])
        yield* storage.commit({
          id: "0".repeat(32),
          verbs: [{
            verb: "put",
            collection: "c",
            key: MARKS.key,
            value: Buffer.from(MARKS.value),
          }],
        })
        assert.deepEqual(
          leaks(filesIn(dirname(path))).map((file) => file.slice(path.length)).sort(),
          ["", "-wal"],
        )
      }), { kind: "none" })
  }))
