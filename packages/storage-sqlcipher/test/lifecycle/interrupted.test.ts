import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { test } from "node:test"
import {
  backupDatabase,
  compactDatabase,
  encryptDatabaseWithKey,
  type OnProgress,
  rekeyDatabase,
  restoreDatabase,
} from "../../src/mod.ts"
import type { KeySource } from "../../src/open/key_handover.ts"
import { given, KEY, open, refusedBecause } from "../support/open.ts"
import { withPlace } from "../support/place.ts"
import { leftovers, read, type Seen, write } from "./chat.ts"

const NEXT: Uint8Array = KEY.slice().reverse()
const key = Redacted.make(KEY)
const next = Redacted.make(NEXT)
const run = Effect.runPromise

interface Operation {
  readonly name: string
  /** The key before; undefined where there is none. */
  readonly before: KeySource
  readonly after: KeySource
  readonly run: (path: string, onProgress: OnProgress) => Effect.Effect<unknown, StorageError>
  /** The last message before and after. */
  readonly last: readonly [number, number]
}

const backupOf = (path: string) => join(dirname(dirname(path)), "backup.db")

const OPERATIONS: ReadonlyArray<Operation> = [
  {
    name: "encryption",
    before: { kind: "none" },
    after: given(KEY),
    run: (path, onProgress) => encryptDatabaseWithKey({ path, key, onProgress }),
    last: [80, 80],
  },
  {
    name: "another key",
    before: given(KEY),
    after: given(NEXT),
    run: (path, onProgress) => rekeyDatabase({ path, current: key, next, onProgress }),
    last: [80, 80],
  },
  {
    name: "compaction",
    before: given(KEY),
    after: given(KEY),
    run: (path, onProgress) => compactDatabase({ path, key, onProgress }),
    last: [80, 80],
  },
  {
    name: "restoration",
    before: given(KEY),
    after: given(KEY),
    run: (path, onProgress) =>
      restoreDatabase({ path, key, from: backupOf(path), replaceExisting: true, onProgress }),
    last: [80, 50],
  },
]

/** A database with 80 messages, and where it is needed a backup with 50. */
async function prepare({ before, last }: Operation, path: string): Promise<void> {
  await open(path, (storage) => write(storage, 1, 50), before)
  if (last[1] !== last[0]) await run(backupDatabase({ path, key, to: backupOf(path) }))
  await open(path, (storage) => write(storage, 51, 80), before)
}

/** Opens what is there, by the key that opens it. */
async function openEither(operation: Operation, path: string): Promise<Seen> {
  const isStillBefore = await refusedBecause(path, operation.before) === "opened"
  return await open(path, read, isStillBefore ? operation.before : operation.after)
}

for (const operation of OPERATIONS) {
  test(`${operation.name}: the files as they are at every step open, old or new`, {
    timeout: 300_000,
  }, () =>
    withPlace(async ({ path, root }) => {
      await prepare(operation, path)
      const steps: Array<{ readonly step: string; readonly root: string }> = []
      await run(operation.run(path, ({ step, done }) => {
        const copy = `${root}-at-${steps.length}`
        cpSync(root, copy, { recursive: true })
        steps.push({ step: `${step} ${done}`, root: copy })
      }))
      try {
        assert.ok(steps.length > 10)
        let isNew = false
        for (const at of steps) {
          const copied = join(at.root, basename(dirname(path)), basename(path))
          const seen = await openEither(operation, copied)
          assert.ok(operation.last.includes(seen.last), `${at.step}: ${seen.last}`)
          assert.deepEqual([seen.count, seen.found], [seen.last, 1], at.step)
          const beside = leftovers(copied).filter((name) => !name.includes(".original"))
          assert.deepEqual(beside, [], at.step)
          await run(operation.run(copied, () => {}))
          assert.deepEqual(leftovers(copied), [], at.step)
          const done = await open(copied, read, operation.after)
          assert.equal(done.last, operation.last[1], at.step)
          if (operation.before.kind === "none") {
            assert.ok(!readFileSync(copied).includes("message"), at.step)
          }
          if (at.step.startsWith("done")) isNew = true
        }
        assert.ok(isNew)
      } finally {
        for (const at of steps) rmSync(at.root, { recursive: true, force: true })
      }
    }))

  test(`${operation.name}: a failure at any step changes nothing, or is finished by repeating`, {
    timeout: 300_000,
  }, () =>
    withPlace(async ({ path, root }) => {
      await prepare(operation, path)
      const kept = `${root}-kept`
      cpSync(root, kept, { recursive: true })
      try {
        for (let failing = 1;; failing++) {
          let steps = 0
          const result = await run(Effect.result(operation.run(path, () => {
            steps += 1
            if (steps === failing) throw new Error("planted")
          })))
          if (result._tag === "Success") break
          assert.equal(result.failure._tag, "StorageError")
          assert.ok(!`${result.failure}`.includes("planted"))
          const beside = readdirSync(dirname(path)).filter((name) => name.includes(".next"))
          assert.deepEqual(beside, [], `step ${failing}`)
          const seen = await openEither(operation, path)
          assert.ok(operation.last.includes(seen.last))
          await run(operation.run(path, () => {}))
          assert.equal((await open(path, read, operation.after)).last, operation.last[1])
          rmSync(root, { recursive: true })
          cpSync(kept, root, { recursive: true })
        }
      } finally {
        rmSync(kept, { recursive: true, force: true })
      }
    }))
}
