import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { StorageError, StorageErrorReason } from "@mdk/core/services"
import assert from "node:assert/strict"
import { copyFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { backupDatabase, restoreDatabase } from "../../src/mod.ts"
import type { KeySource } from "../../src/open/key_handover.ts"
import { defaultDriver } from "../support/drivers.ts"
import { given, KEY, open } from "../support/open.ts"
import { withPlace } from "../support/place.ts"
import { leftovers, read, write } from "./chat.ts"

const OTHER: Uint8Array = KEY.slice().reverse()
const key = Redacted.make(KEY)
const run = Effect.runPromise

const reasonOf = async (
  effect: Effect.Effect<unknown, StorageError>,
): Promise<StorageErrorReason | "done"> => {
  const result = await run(Effect.result(effect))
  return result._tag === "Success" ? "done" : result.failure.reason
}

/** Twenty batches, the last fifteen of them only in the log, as a killed program leaves it. */
async function withLog(path: string, root: string, source: KeySource): Promise<void> {
  await open(path, (storage) => write(storage, 1, 5), source)
  const kept = join(root, "kept")
  await open(path, (storage) =>
    Effect.gen(function* () {
      yield* write(storage, 6, 20)
      copyFileSync(path, kept)
      copyFileSync(`${path}-wal`, `${kept}-wal`)
    }), source)
  copyFileSync(kept, path)
  copyFileSync(`${kept}-wal`, `${path}-wal`)
  assert.ok(statSync(`${path}-wal`).size > 0)
}

/** A backup of three batches. */
async function backedUp(root: string): Promise<string> {
  const from = join(root, "backup.db")
  const path = join(root, "source", "chat.db")
  await open(path, (storage) => write(storage, 1, 3))
  await run(backupDatabase({ path, key, to: from }))
  return from
}

test("a log that cannot be brought into the old file stops a restoration", {
  timeout: 60_000,
}, () =>
  withPlace(async ({ path, root }) => {
    const from = await backedUp(root)
    await withLog(path, root, given())
    const restore = restoreDatabase({ path, key, from, replaceExisting: true })
    // A program that knows nothing of our locks reads on; no page that it needs may be written over.
    const reader = defaultDriver.open({ path, encryption: { kind: "sqlcipher", key: KEY } })
    try {
      reader.exec("BEGIN")
      assert.equal(reader.prepare("SELECT count(*) AS n FROM c_messages").get()?.["n"], 20)
      assert.equal(await reasonOf(restore), "busy")
    } finally {
      reader.close()
    }
    assert.deepEqual(leftovers(path), [])
    const { count, last } = await open(path, read)
    assert.deepEqual([count, last], [20, 20])
    assert.equal(await reasonOf(restore), "done")
    assert.equal((await open(path, read)).last, 3)
  }))

for (const step of ["record", "swap"]) {
  test(`a restoration that fails at ${step} leaves a database of another key its log`, () =>
    withPlace(async ({ path, root }) => {
      const from = await backedUp(root)
      await withLog(path, root, given(OTHER))
      const failing = restoreDatabase({
        path,
        key,
        from,
        replaceExisting: true,
        onProgress: (event) => {
          if (event.step === step && event.done === 0) throw new Error("planted")
        },
      })
      assert.equal(await reasonOf(failing), "io")
      assert.equal((await open(path, read, given(OTHER))).last, 20)
      assert.equal(
        await reasonOf(restoreDatabase({ path, key, from, replaceExisting: true })),
        "done",
      )
      assert.deepEqual(leftovers(path), [])
      assert.equal((await open(path, read)).last, 3)
    }))
}
