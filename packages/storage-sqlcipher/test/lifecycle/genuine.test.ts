import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { createRequire } from "node:module"
import { join } from "node:path"
import process from "node:process"
import { test } from "node:test"
import {
  backupDatabase,
  compactDatabase,
  encryptDatabaseWithKey,
  inspectDatabase,
  rekeyDatabase,
  restoreDatabase,
  type SqlcipherModule,
  verifyDatabase,
} from "../../src/mod.ts"
import { defaultDriver, genuineDriver } from "../support/drivers.ts"
import { given, KEY, open } from "../support/open.ts"
import { withPlace } from "../support/place.ts"
import { leftovers, read, write } from "./chat.ts"

const skip = typeof genuineDriver === "string" ? { skip: genuineDriver } : {}

test(
  "every operation over genuine SQLCipher, read by the other engine",
  skip,
  () =>
    withPlace(async ({ path, root }) => {
      assert.ok(typeof genuineDriver !== "string")
      const engines = [defaultDriver, genuineDriver]
      const driver: SqlcipherModule = createRequire(import.meta.url)(
        process.env["MDK_SQLCIPHER_MODULE"] ?? "@signalapp/sqlcipher",
      )
      const key = Redacted.make(KEY)
      const next = Redacted.make(KEY.slice().reverse())
      const to = join(root, "backup.db")
      const seen = { count: 120, last: 120, found: 1, restored: false }
      const run = Effect.runPromise
      const check = async (under: Uint8Array, expected = seen) => {
        for (const engine of engines) {
          assert.deepEqual(await open(path, read, given(under), engine), expected)
        }
        const found = await run(verifyDatabase({ path, key: Redacted.make(under), driver }))
        assert.equal(found.sound, true)
        assert.deepEqual(leftovers(path), [])
      }

      await open(path, (storage) => write(storage, 1, 120), { kind: "none" }, genuineDriver)
      await run(encryptDatabaseWithKey({ path, key, driver }))
      await check(KEY)
      await run(backupDatabase({ path, key, to, driver }))
      await run(compactDatabase({ path, key, driver }))
      await check(KEY)
      await run(rekeyDatabase({ path, current: key, next, driver }))
      await check(Redacted.value(next))
      assert.equal((await run(inspectDatabase({ path, key: next, driver }))).format, "mdk")
      const from = to
      await run(
        restoreDatabase({ path, key: next, backupKey: key, from, replaceExisting: true, driver }),
      )
      await check(Redacted.value(next), { ...seen, restored: true })
    }),
)
