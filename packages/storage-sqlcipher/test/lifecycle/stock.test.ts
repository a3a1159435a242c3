import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import {
  backupDatabase,
  compactDatabase,
  encryptDatabaseWithKey,
  rekeyDatabase,
  restoreDatabase,
} from "../../src/mod.ts"
import { KEY, open } from "../support/open.ts"
import { withPlace } from "../support/place.ts"
import { runStock, stockSqlcipher } from "../support/stock_sqlcipher.ts"
import { write } from "./chat.ts"

const NEXT: Uint8Array = KEY.slice().reverse()
const skip = "missing" in stockSqlcipher ? { skip: stockSqlcipher.missing } : {}

test(
  "the stock program opens whatever an operation wrote",
  skip,
  () =>
    withPlace(async ({ path, root }) => {
      assert.ok("path" in stockSqlcipher)
      const program = stockSqlcipher.path
      const key = Redacted.make(KEY)
      const next = Redacted.make(NEXT)
      const from = join(root, "backup.db")
      const run = Effect.runPromise
      const check = (file: string, under: Uint8Array, what: string) => {
        const sql = "SELECT count(*) FROM c_messages; PRAGMA integrity_check; " +
          "PRAGMA cipher_integrity_check;"
        // No row of the last one: every HMAC is right. `ok` of the one before is left out.
        assert.deepEqual(runStock(program, file, under, sql), ["90"], what)
      }
      await open(path, (storage) => write(storage, 1, 90), { kind: "none" })
      await run(encryptDatabaseWithKey({ path, key }))
      check(path, KEY, "encrypted")
      await run(backupDatabase({ path, key, to: from }))
      check(from, KEY, "backed up")
      await run(rekeyDatabase({ path, current: key, next }))
      check(path, NEXT, "under another key")
      await run(compactDatabase({ path, key: next }))
      check(path, NEXT, "compacted")
      await run(
        restoreDatabase({ path, key: next, backupKey: key, from, replaceExisting: true }),
      )
      check(path, NEXT, "restored")
    }),
)
