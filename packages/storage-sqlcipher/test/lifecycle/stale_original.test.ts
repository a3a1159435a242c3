import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { closeSync, existsSync, fstatSync, openSync, writeFileSync } from "node:fs"
import { test } from "node:test"
import { encryptDatabaseWithKey } from "../../src/mod.ts"
import { KEY, open } from "../support/open.ts"
import { withPlace } from "../support/place.ts"
import { leftovers, read, write } from "./chat.ts"

const key = Redacted.make(KEY)

test("an unencrypted original that still waits for its destruction is destroyed before the next", () =>
  withPlace(async ({ path }) => {
    await open(path, (storage) => write(storage, 1, 30), { kind: "none" })
    const original = `${path}.original`
    writeFileSync(original, "SQLite format 3\0 an earlier message in clear", { mode: 0o600 })
    const stale = openSync(original, "r")
    try {
      let wasThere = false
      await Effect.runPromise(encryptDatabaseWithKey({
        path,
        key,
        onProgress: ({ done, step }) => {
          if (step === "swap" && done === 1) wasThere = existsSync(original)
        },
      }))
      assert.ok(wasThere)
      assert.equal(fstatSync(stale).size, 0)
    } finally {
      closeSync(stale)
    }
    assert.deepEqual(leftovers(path), [])
    assert.equal((await open(path, read)).last, 30)
  }))
