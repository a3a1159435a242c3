import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import {
  closeSync,
  copyFileSync,
  cpSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from "node:fs"
import { basename, dirname, join } from "node:path"
import { test } from "node:test"
import { backupDatabase, restoreDatabase } from "../../src/mod.ts"
import { given, KEY, open, refusedBecause } from "../support/open.ts"
import { type Place, withPlace } from "../support/place.ts"
import { leftovers, read, write } from "./chat.ts"

const key = Redacted.make(KEY)
const clear = { kind: "none" } as const
const run = Effect.runPromise

/** An unencrypted database of twenty messages, some of them only in the log, and a backup of three. */
async function prepare({ path, root }: Pick<Place, "path" | "root">): Promise<string> {
  const from = join(root, "backup.db")
  const source = join(root, "source", "chat.db")
  await open(source, (storage) => write(storage, 1, 3))
  await run(backupDatabase({ path: source, key, to: from }))
  await open(path, (storage) => write(storage, 1, 15), clear)
  const kept = join(root, "kept")
  await open(path, (storage) =>
    Effect.gen(function* () {
      yield* write(storage, 16, 20)
      copyFileSync(path, kept)
      copyFileSync(`${path}-wal`, `${kept}-wal`)
    }), clear)
  copyFileSync(kept, path)
  copyFileSync(`${kept}-wal`, `${path}-wal`)
  rmSync(kept)
  rmSync(`${kept}-wal`)
  return from
}

/** What is still to be read of a file that lost its names. */
function contentOf(descriptor: number): Uint8Array {
  const bytes = new Uint8Array(fstatSync(descriptor).size)
  return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0))
}

test("an unencrypted database that a restoration replaces is overwritten, its log too", () =>
  withPlace(async (place) => {
    const { path } = place
    const from = await prepare(place)
    const old = [path, `${path}-wal`].map((file) => openSync(file, "r"))
    try {
      for (const descriptor of old) {
        assert.match(new TextDecoder("latin1").decode(contentOf(descriptor)), /message/)
      }
      await run(restoreDatabase({ path, key, from, replaceExisting: true }))
      for (const descriptor of old) assert.equal(contentOf(descriptor).length, 0)
    } finally {
      for (const descriptor of old) closeSync(descriptor)
    }
    assert.deepEqual(leftovers(path), [])
    assert.deepEqual(await open(path, read), { count: 3, last: 3, found: 1, restored: true })
  }))

test(
  "a restoration over an unencrypted database is whole at every step, and destroys the old one",
  {
    timeout: 120_000,
  },
  () =>
    withPlace(async (place) => {
      const { path, root } = place
      const from = await prepare(place)
      const steps: Array<{ readonly step: string; readonly root: string }> = []
      await run(restoreDatabase({
        path,
        key,
        from,
        replaceExisting: true,
        onProgress: ({ done, step }) => {
          const copy = `${root}-at-${steps.length}`
          cpSync(root, copy, { recursive: true })
          steps.push({ step: `${step} ${done}`, root: copy })
        },
      }))
      try {
        assert.ok(steps.some(({ step }) => step.startsWith("destroy")))
        for (const at of steps) {
          const copied = join(at.root, basename(dirname(path)), basename(path))
          const isOld = await refusedBecause(copied, clear) === "opened"
          const seen = await open(copied, read, isOld ? clear : given())
          assert.deepEqual([seen.count, seen.last], isOld ? [20, 20] : [3, 3], at.step)
          assert.deepEqual(leftovers(copied), [], at.step)
          if (!isOld) assert.ok(!readFileSync(copied).includes("message"))
        }
      } finally {
        for (const at of steps) rmSync(at.root, { recursive: true, force: true })
      }
    }),
)
