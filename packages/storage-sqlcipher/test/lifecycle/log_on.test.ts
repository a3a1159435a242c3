import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { cpSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { test } from "node:test"
import {
  backupDatabase,
  compactDatabase,
  encryptDatabaseWithKey,
  type OnProgress,
  rekeyDatabase,
  restoreDatabase,
} from "../../src/mod.ts"
import { decryptedPages } from "../support/decrypted_pages.ts"
import { defaultDriver } from "../support/drivers.ts"
import { KEY, open } from "../support/open.ts"
import { withPlace } from "../support/place.ts"
import { read, write } from "./chat.ts"

const NEXT: Uint8Array = KEY.slice().reverse()
const key = Redacted.make(KEY)
const next = Redacted.make(NEXT)
const run = Effect.runPromise

/** Bytes 18 and 19 of a file say 2 when it is written through a log, 1 with a rollback journal. */
const formatOf = (path: string, under: Uint8Array): ReadonlyArray<number> => {
  const [first] = decryptedPages(path, under)
  return [...first?.content.subarray(2, 4) ?? []]
}

type Run = (path: string, onProgress: OnProgress) => Effect.Effect<unknown, StorageError>

const OPERATIONS: ReadonlyArray<readonly [string, Uint8Array, Run]> = [
  ["an encryption", KEY, (path, onProgress) => encryptDatabaseWithKey({ path, key, onProgress })],
  [
    "a change of the key",
    NEXT,
    (path, onProgress) => rekeyDatabase({ path, current: key, next, onProgress }),
  ],
  ["a compaction", KEY, (path, onProgress) => compactDatabase({ path, key, onProgress })],
  ["a restoration", KEY, (path, onProgress) =>
    Effect.gen(function* () {
      const from = join(dirname(dirname(path)), "backup.db")
      yield* backupDatabase({ path, key, to: from })
      yield* restoreDatabase({ path, key, from, replaceExisting: true, onProgress })
    })],
]

for (const [name, under, operate] of OPERATIONS) {
  test(`the new file of ${name} is written through a log before it takes its place`, () =>
    withPlace(async ({ path }) => {
      await open(
        path,
        (storage) => write(storage, 1, 5),
        name === "an encryption" ? { kind: "none" } : { kind: "given", key },
      )
      const formats: Array<ReadonlyArray<number>> = []
      await run(operate(path, ({ step, done }) => {
        if (step === "swap" && done === 0) formats.push(formatOf(`${path}.next`, under))
        if (step === "reopen" && done === 0) formats.push(formatOf(path, under))
      }))
      assert.deepEqual(formats, [[2, 2], [2, 2]])
    }))
}

test("an unencrypted database whose writer was killed in a transaction is opened and encrypted", () =>
  withPlace(async ({ path, root }) => {
    await open(path, (storage) => write(storage, 1, 400), { kind: "none" })
    const writer = defaultDriver.open({ path, encryption: { kind: "none" } })
    writer.exec("PRAGMA journal_mode=DELETE")
    const before = readFileSync(path)
    // A cache of two pages: the journal is synchronized and pages are in the file before the end.
    writer.exec("PRAGMA cache_size=2")
    writer.exec("BEGIN IMMEDIATE")
    writer.exec("UPDATE c_messages SET x_group_id = 'another group'")
    const killed = join(root, "killed")
    cpSync(dirname(path), killed, { recursive: true })
    writer.rollback()
    writer.close()
    const copy = join(killed, "chat.db")
    const encrypted = join(root, "encrypted")
    cpSync(killed, encrypted, { recursive: true })
    const journal = readFileSync(`${copy}-journal`)
    assert.ok(journal.readUInt32BE(0) === 0xd9d505f9 && journal.readUInt32BE(16) > 0)
    assert.notDeepEqual(readFileSync(copy), before)
    const whole = { last: 400, count: 400, found: 1, restored: true }
    assert.deepEqual(await open(copy, read, { kind: "none" }), whole)
    await run(encryptDatabaseWithKey({ path: join(encrypted, "chat.db"), key }))
    const seen = await open(join(encrypted, "chat.db"), read, { kind: "given", key })
    assert.deepEqual(seen, whole)
  }))
