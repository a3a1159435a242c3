import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { cpSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { test } from "node:test"
import { databasePaths } from "../src/files/database_paths.ts"
import { birthOf } from "../src/files/file_birth.ts"
import { parseRecord, readRecord, writeRecord } from "../src/open/creation_record.ts"
import { rekeyDatabase } from "../src/lifecycle/mod.ts"
import { given, KEY, open } from "./support/open.ts"
import { withPlace } from "./support/place.ts"

const restored = (path: string, key = KEY) =>
  open(path, (storage) => Effect.succeed(storage.condition.restored), given(key))

const acknowledge = (path: string) => open(path, (storage) => storage.acknowledgeRestore)

const copyTree = (from: string, to: string) =>
  cpSync(from, to, { recursive: true, preserveTimestamps: true })

/** Puts a copy of the whole directory over it, in place: every file keeps its number. */
function writeOver(backup: string, account: string): void {
  for (const name of ["chat.db", "chat.db.record.json"]) {
    writeFileSync(`${account}/${name}`, readFileSync(`${backup}/${name}`))
  }
}

/**
 * A file system gives the numbers of deleted files to new ones, so a copy often has the very number
 * that the record names. Here it is made to have it.
 */
function nameTheFileThere(path: string): void {
  const paths = databasePaths(path)
  const record: Record<string, unknown> = JSON.parse(readFileSync(paths.record, "utf8"))
  const inode = String(statSync(path).ino)
  writeFileSync(paths.record, JSON.stringify({ ...record, inode }))
}

for (const way of ["deleted and copied back", "copied over in place"] as const) {
  test(`a whole directory that was ${way} is recognized`, () =>
    withPlace(async ({ path, root }) => {
      const account = dirname(path)
      const backup = `${root}/backup`
      assert.equal(await restored(path), false)
      copyTree(account, backup)
      assert.equal(await restored(path), false)
      assert.equal(await restored(path), false)
      if (way === "copied over in place") writeOver(backup, account)
      else {
        rmSync(account, { recursive: true })
        copyTree(backup, account)
        nameTheFileThere(path)
      }
      assert.equal(await restored(path), true)
      // It stays so until somebody has acknowledged it, and is the database's own from then on.
      assert.equal(await restored(path), true)
      await acknowledge(path)
      assert.equal(await restored(path), false)
    }))
}

test("a new key does not make a copy an original", () =>
  withPlace(async ({ path, root }) => {
    const account = dirname(path)
    assert.equal(await restored(path), false)
    copyTree(account, `${root}/backup`)
    assert.equal(await restored(path), false)
    rmSync(account, { recursive: true })
    copyTree(`${root}/backup`, account)
    nameTheFileThere(path)
    const next = Uint8Array.from(KEY, (byte) => byte ^ 0x55)
    const keys = { current: Redacted.make(KEY), next: Redacted.make(next) }
    await Effect.runPromise(rekeyDatabase({ path, ...keys }))
    assert.equal(await restored(path, next), true)
  }))

test("a new key does not make an original a copy, nor does another name or mode of its directory", () =>
  withPlace(async ({ path, root }) => {
    assert.equal(await restored(path), false)
    const next = Uint8Array.from(KEY, (byte) => byte ^ 0x55)
    const keys = { current: Redacted.make(KEY), next: Redacted.make(next) }
    await Effect.runPromise(rekeyDatabase({ path, ...keys }))
    assert.equal(await restored(path, next), false)
    renameSync(dirname(path), `${root}/moved`)
    assert.equal(await restored(`${root}/moved/chat.db`, next), false)
  }))

test("a record of an earlier version is believed once, and says its birth from then on", () =>
  withPlace(async ({ path }) => {
    const paths = databasePaths(path)
    assert.equal(await restored(path), false)
    const { birth, ...old }: Record<string, unknown> = JSON.parse(
      readFileSync(paths.record, "utf8"),
    )
    assert.equal(birth, birthOf(statSync(paths.record)))
    writeFileSync(paths.record, JSON.stringify(old))
    assert.equal(readRecord(paths)?.copied, undefined)
    assert.equal(await restored(path), false)
    const now: Record<string, unknown> = JSON.parse(readFileSync(paths.record, "utf8"))
    assert.equal(now["birth"], birthOf(statSync(paths.record)))
  }))

test("births are read strictly, and kept as a copy's until an opening judged it", () =>
  withPlace(async ({ path }) => {
    const paths = databasePaths(path)
    assert.equal(await restored(path), false)
    const text = readFileSync(paths.record, "utf8")
    const written: Record<string, unknown> = JSON.parse(text)
    for (const change of [{ birth: "1" }, { birth: 7 }, { copied: false }, { copied: "yes" }]) {
      assert.equal(parseRecord(JSON.stringify({ ...written, ...change })), undefined)
    }
    assert.equal(birthOf({ ino: 1, birthtimeMs: 0 }), undefined)
    assert.equal(birthOf({ ino: 1, birthtimeMs: Number.NaN }), undefined)
    writeFileSync(paths.record, JSON.stringify({ ...written, birth: "1:1" }))
    const record = readRecord(paths)
    assert.equal(record?.copied, true)
    const { copied: _, ...without } = record
    writeRecord(paths, without)
    assert.equal(readRecord(paths)?.copied, true)
    writeRecord(paths, { ...without, copied: false })
    assert.equal(readRecord(paths)?.copied, undefined)
  }))
