import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { backupDatabase, inspectDatabase, verifyDatabase } from "../../src/mod.ts"
import { KEY, open } from "../support/open.ts"
import { withPlace } from "../support/place.ts"
import { write } from "./chat.ts"

const key = Redacted.make(KEY)

for (const sidecar of ["-wal", "-shm", "-journal"]) {
  test(`a link in the place of ${sidecar} is unsafe to whoever reads beside, and is not followed`, () =>
    withPlace(async ({ path, root }) => {
      await open(path, (storage) => write(storage, 1, 10))
      const victim = join(root, "victim")
      writeFileSync(victim, "not ours")
      symlinkSync(victim, path + sidecar)
      const to = join(root, "backup.db")
      for (
        const reading of [
          verifyDatabase({ path, key }),
          inspectDatabase({ path, key }),
          backupDatabase({ path, key, to }),
        ]
      ) {
        const result = await Effect.runPromise(Effect.result<unknown, unknown, never>(reading))
        assert.equal(
          result._tag === "Failure" && Reflect.get(Object(result.failure), "reason"),
          "unsafe-file",
        )
      }
      assert.equal(readFileSync(victim, "utf8"), "not ours")
      rmSync(path + sidecar)
      assert.equal((await Effect.runPromise(verifyDatabase({ path, key }))).sound, true)
    }))
}
