import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { linkSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { backupDatabase, verifyDatabase } from "../../src/mod.ts"
import { KEY, open } from "../support/open.ts"
import { withPlace } from "../support/place.ts"
import { write } from "./chat.ts"

const key = Redacted.make(KEY)
const run = Effect.runPromise

test("a backup that was killed when it had both names is whole after it is repeated", () =>
  withPlace(async ({ path, root }) => {
    const to = join(root, "backup.db")
    await open(path, (storage) => write(storage, 1, 10))
    await run(backupDatabase({ path, key, to }))
    linkSync(to, join(root, ".backup.db.part"))
    const again = await run(Effect.result(backupDatabase({ path, key, to })))
    assert.equal(again._tag === "Failure" && again.failure.reason, "unsafe-file")
    assert.deepEqual(readdirSync(root).filter((name) => name.includes(".part")), [])
    assert.equal((await run(verifyDatabase({ path: to, key }))).sound, true)
    await run(backupDatabase({ path, key, to: join(root, "another.db") }))
  }))
