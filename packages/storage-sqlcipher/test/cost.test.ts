import type { Collection, Verb } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { statSync } from "node:fs"
import { test } from "node:test"
import { positionOf } from "../src/read/rows.ts"
import {
  fromClause,
  orderClause,
  rangeCondition,
  segmentsBehind,
  whereClause,
} from "../src/read/range_sql.ts"
import { rowColumnsOf, WITH_VALUES } from "../src/schema/names.ts"
import { defaultDriver } from "./support/drivers.ts"
import { given, KEY, open } from "./support/open.ts"
import { withPlace } from "./support/place.ts"

const KEYED: Collection = {
  name: "keyed",
  kind: "keyed",
  columns: { room: "text", at: "integer" },
  indexes: { by_room_at: ["room", "at"] },
}
const LOG: Collection = { ...KEYED, name: "log", kind: "log", searchable: true }

test("every page is read from its index, in order, without sorting or scanning", () =>
  withPlace(async ({ path }) => {
    await open(path, (storage) => storage.declare([KEYED, LOG]))
    const connection = defaultDriver.open({
      path,
      encryption: { kind: "sqlcipher", key: KEY },
      mode: "read",
    })
    let plans = 0
    for (const collection of [KEYED, LOG]) {
      const bounds = collection.kind === "keyed" ? { from: "a", to: "b" } : { from: 1, to: 9 }
      const row = {
        key: collection.kind === "keyed" ? "k" : 1,
        columns: { room: "r", at: 5 },
        value: new Uint8Array(),
      }
      for (
        const range of [
          { index: "key" },
          { index: "key", ...bounds },
          { index: "by_room_at" },
          { index: "by_room_at", equals: ["r"] },
          { index: "by_room_at", equals: ["r"], from: 1, to: 9 },
          { index: "by_room_at", equals: [null] },
        ]
      ) {
        for (const order of ["ascending", "descending"] as const) {
          const columns = range.index === "key" ? [] : ["room", "at"]
          const segments = [
            rangeCondition(collection, range),
            ...segmentsBehind(collection, range, order, positionOf(row, columns)),
          ]
          for (const segment of segments) {
            const sql =
              `SELECT ${rowColumnsOf(collection)} FROM ${fromClause(collection, range.index)} ` +
              `${WITH_VALUES}${whereClause(segment)}${
                orderClause(collection, range, order)
              } LIMIT 50`
            const plan = connection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...segment.values)
              .map((step) => String(step["detail"]))
            plans++
            assert.ok(
              !plan.some((step) => step.includes("TEMP B-TREE")),
              `${sql}\n${plan.join("\n")}`,
            )
            assert.match(plan[1] ?? "", /^SEARCH v USING INTEGER PRIMARY KEY/, plan.join("\n"))
            const isWhole = segment.sql.length === 0
            const isKeyOrder = collection.kind === "log" && range.index === "key"
            const first = isKeyOrder
              ? isWhole ? /^SCAN r$/ : /^SEARCH r USING INTEGER PRIMARY KEY/
              : isWhole
              ? /^SCAN r USING INDEX/
              : /^SEARCH r USING INDEX/
            assert.match(plan[0] ?? "", first, `${sql}\n${plan.join("\n")}`)
          }
        }
      }
    }
    connection.close()
    assert.ok(plans > 60)
  }))

/** Bytes that one commit adds to the log. */
const bytesPerCommit = (history: number) =>
  withPlace(({ path }) =>
    open(path, (storage) =>
      Effect.gen(function* () {
        yield* storage.declare([KEYED, LOG])
        let id = 0
        const commit = (verbs: ReadonlyArray<Verb>) =>
          storage.commit({ id: (id++).toString(16).padStart(32, "0"), verbs })
        const message = (at: number): Verb => ({
          verb: "append",
          collection: "log",
          columns: { room: `r${at % 20}`, at },
          value: new Uint8Array(300),
          text: `message number ${at} of many with ordinary words`,
        })
        for (let at = 0; at < history; at += 500) {
          yield* commit(
            Array.from({ length: Math.min(500, history - at) }, (_, step) => message(at + step)),
          )
        }
        const wal = `${path}-wal`
        yield* storage.commit({ id: "f".repeat(32), verbs: [], erase: true })
        assert.equal(statSync(wal).size, 0)
        for (let at = 0; at < 64; at++) {
          yield* commit([message(history + at), {
            verb: "put",
            collection: "keyed",
            key: "ratchet",
            value: new Uint8Array(200).fill(at),
          }])
        }
        return statSync(wal).size / 64
      }))
  )

test(
  "a message costs a bounded number of bytes, whatever the history",
  { timeout: 120_000 },
  async () => {
    const small = await bytesPerCommit(100)
    const large = await bytesPerCommit(20_000)
    assert.ok(large < 1.6 * small, `${small} bytes after 100 messages, ${large} after 20000`)
  },
)

test(
  "the log stays bounded however long the writing goes on",
  { timeout: 120_000 },
  () =>
    withPlace(({ path }) =>
      open(path, (storage) =>
        Effect.gen(function* () {
          yield* storage.declare([KEYED])
          let largest = 0
          for (let round = 0; round < 120; round++) {
            const verbs = Array.from({ length: 20 }, (_, at): Verb => ({
              verb: "put",
              collection: "keyed",
              key: `k${round}-${at}`,
              value: new Uint8Array(40_000),
            }))
            yield* storage.commit({ id: round.toString(16).padStart(32, "0"), verbs })
            largest = Math.max(largest, statSync(`${path}-wal`).size)
          }
          assert.ok(largest < 32 * 2 ** 20, `${largest}`)
        }), given())
    ),
)
