import { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { takeName } from "../../src/lifecycle/take_name.ts"
import { backupDatabase } from "../../src/mod.ts"
import { KEY, open } from "../support/open.ts"
import { withPlace } from "../support/place.ts"
import { write } from "./chat.ts"

const failing = (code: string) => () => {
  throw Object.assign(new Error("planted"), { code })
}

const reasonOf = (body: () => void): unknown => {
  try {
    body()
    return "done"
  } catch (error) {
    return error instanceof StorageError ? error.reason : Reflect.get(Object(error), "code")
  }
}

/** Runs a body with a finished file, and maybe another one under the name that it shall get. */
const withFiles = (taken: boolean, body: (part: string, to: string) => void) =>
  withPlace(({ root }) => {
    const [part, to] = [join(root, ".backup.db.part"), join(root, "backup.db")]
    writeFileSync(part, "new", { mode: 0o600 })
    if (taken) writeFileSync(to, "old", { mode: 0o600 })
    body(part, to)
  })

test("a finished file gets its name", () =>
  withFiles(false, (part, to) => {
    takeName(part, to)
    assert.equal(readFileSync(to, "utf8"), "new")
    assert.equal(existsSync(part), false)
  }))

for (const code of ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]) {
  test(`where there are no second names (${code}) it is renamed, over nothing`, async () => {
    await withFiles(false, (part, to) => {
      takeName(part, to, failing(code))
      assert.equal(readFileSync(to, "utf8"), "new")
      assert.equal(existsSync(part), false)
    })
    await withFiles(true, (part, to) => {
      assert.equal(reasonOf(() => takeName(part, to, failing(code))), "unsafe-file")
      assert.equal(readFileSync(to, "utf8"), "old")
    })
  })
}

test("every other failure is told, and nothing is renamed", async () => {
  for (const code of ["EACCES", "ENOSPC", "EIO", "EROFS"]) {
    await withFiles(false, (part, to) => {
      assert.equal(reasonOf(() => takeName(part, to, failing(code))), code)
      assert.equal(existsSync(to), false)
      assert.equal(readFileSync(part, "utf8"), "new")
    })
  }
})

test("a backup never takes a name that somebody else took meanwhile", () =>
  withPlace(async ({ path, root }) => {
    const to = join(root, "backup.db")
    const key = Redacted.make(KEY)
    await open(path, (storage) => write(storage, 1, 10))
    const onProgress = ({ step }: { readonly step: string }) => {
      if (step === "swap") writeFileSync(to, "old", { mode: 0o644 })
    }
    const result = await Effect.runPromise(
      Effect.result(backupDatabase({ path, key, to, onProgress })),
    )
    assert.equal(result._tag === "Failure" && result.failure.reason, "unsafe-file")
    assert.equal(readFileSync(to, "utf8"), "old")
    assert.deepEqual(readdirSync(root).filter((name) => name.includes(".part")), [])
  }))
