import type { Collection, Verb } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { statSync } from "node:fs"
import { test } from "node:test"
import type { Driver, SqlConnection } from "../src/driver/port.ts"
import { drivers } from "./support/drivers.ts"
import { decryptedPages, pagesWith } from "./support/decrypted_pages.ts"
import { given, KEY, open } from "./support/open.ts"
import { withPlace } from "./support/place.ts"

const COLLECTION: Collection = { name: "c", kind: "keyed", columns: {}, indexes: {} }
const batchId = (at: number) => at.toString(16).padStart(32, "0")
const put = (value: string): Verb => ({
  verb: "put",
  collection: "c",
  key: "k",
  value: new TextEncoder().encode(value),
})

/** A driver that notes the patience of its connection whenever the log is to be emptied. */
function watched(driver: Driver) {
  const patience: Array<unknown> = []
  const connections: Array<SqlConnection> = []
  // A statement of its own every time: SQLite answers this one when it prepares it.
  const timeoutOf = (connection: SqlConnection) =>
    connection.prepare(`PRAGMA busy_timeout -- ${patience.length}`).get()?.["timeout"]
  const wrap = (connection: SqlConnection): SqlConnection => {
    const watching: SqlConnection = {
      ...connection,
      prepare: (sql) => {
        const statement = connection.prepare(sql)
        if (!sql.startsWith("PRAGMA wal_checkpoint")) return statement
        return {
          ...statement,
          get: (...values) => {
            patience.push(timeoutOf(connection))
            return statement.get(...values)
          },
        }
      },
    }
    connections.push(connection)
    return watching
  }
  return {
    patience,
    now: () => connections.at(-1)?.prepare("PRAGMA busy_timeout -- now").get()?.["timeout"],
    driver: { ...driver, open: (request) => wrap(driver.open(request)) } satisfies Driver,
  }
}

for (const driver of drivers) {
  test(
    `a reader beside does not hold up commits, and what was erased goes when it is gone (${driver.name})`,
    { timeout: 120_000 },
    () =>
      withPlace(async ({ path }) => {
        const { driver: watching, now, patience } = watched(driver)
        await open(
          path,
          (storage) =>
            Effect.gen(function* () {
              yield* storage.declare([COLLECTION])
              yield* storage.commit({ id: batchId(1), verbs: [put("first-secret")] })
              const reader = driver.open({
                path,
                encryption: { kind: "sqlcipher", key: KEY },
                mode: "read",
              })
              reader.exec("BEGIN")
              reader.prepare("SELECT count(*) AS n FROM sqlite_schema").get()
              for (let at = 2; at < 6; at++) {
                yield* storage.commit({ id: batchId(at), verbs: [put(`v${at}`)], erase: true })
              }
              assert.ok(statSync(`${path}-wal`).size > 0)
              reader.exec("COMMIT")
              reader.close()
              // Not an erasure itself: it does what was left to do.
              yield* storage.commit({ id: batchId(6), verbs: [put("last")] })
              assert.equal(statSync(`${path}-wal`).size, 0)
              assert.deepEqual(pagesWith(decryptedPages(path, KEY), ["first-secret"]), [])
              assert.equal(now(), 5000)
            }),
          given(),
          watching,
        )
        assert.ok(patience.length >= 6)
        assert.deepEqual([...new Set(patience)], [0])
      }),
  )
}
