import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { StorageError, StorageErrorReason } from "@mdk/core/services"
import assert from "node:assert/strict"
import { copyFileSync, cpSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import {
  backupDatabase,
  compactDatabase,
  encryptDatabaseWithKey,
  inspectDatabase,
  type LifecycleProgress,
  rekeyDatabase,
  restoreDatabase,
  verifyDatabase,
} from "../../src/mod.ts"
import { defaultDriver } from "../support/drivers.ts"
import { given, KEY, open, refusedBecause } from "../support/open.ts"
import { withPlace } from "../support/place.ts"
import { leftovers, read, write } from "./chat.ts"

const OTHER: Uint8Array = Uint8Array.from({ length: 32 }, (_, at) => at * 5 + 2)
const key = Redacted.make(KEY)
const other = Redacted.make(OTHER)
const clear = { kind: "none" } as const
const run = Effect.runPromise

const reasonOf = async (
  effect: Effect.Effect<unknown, StorageError>,
): Promise<StorageErrorReason | "done"> => {
  const result = await run(Effect.result(effect))
  if (result._tag === "Success") return "done"
  assert.equal(result.failure._tag, "StorageError")
  return result.failure.reason
}

/** Progress is per step, from 0 to its total, and names nothing. */
function checkProgress(events: ReadonlyArray<LifecycleProgress>): void {
  for (const event of events) {
    assert.deepEqual(Object.keys(event).sort(), ["done", "step", "total"])
    assert.ok(event.done >= 0 && event.done <= event.total, JSON.stringify(event))
  }
  assert.deepEqual(events.at(-1), { step: "done", done: 1, total: 1 })
}

test("an unencrypted database becomes an encrypted one, and nothing of it is left in clear", () =>
  withPlace(async ({ path, root }) => {
    await open(path, (storage) => write(storage, 1, 400), clear)
    const wal = `${path}-wal`
    // What a killed program leaves: a log that was not brought into the main file.
    await open(path, (storage) =>
      Effect.gen(function* () {
        yield* write(storage, 401, 450)
        copyFileSync(path, join(root, "kept"))
        copyFileSync(wal, join(root, "kept-wal"))
      }), clear)
    copyFileSync(join(root, "kept"), path)
    copyFileSync(join(root, "kept-wal"), wal)
    assert.ok(readFileSync(wal).includes("message 450"))

    const events: Array<LifecycleProgress> = []
    const done = await run(encryptDatabaseWithKey({ path, key, onProgress: (e) => events.push(e) }))
    assert.equal(done.alreadyDone, false)
    assert.ok(done.rows >= 451)
    checkProgress(events)
    assert.ok(events.some(({ step }) => step === "destroy"))
    assert.deepEqual(leftovers(path), [])
    assert.ok(!existsSync(wal))
    assert.ok(!readFileSync(path).includes("message"))
    assert.equal(statSync(path).mode & 0o777, 0o600)

    assert.deepEqual(await open(path, read), { count: 450, last: 450, found: 1, restored: false })
    assert.equal(await refusedBecause(path, clear), "not-a-database")
    assert.equal((await run(encryptDatabaseWithKey({ path, key }))).alreadyDone, true)
    assert.equal(await reasonOf(encryptDatabaseWithKey({ path, key: other })), "wrong-key")
    assert.equal((await run(verifyDatabase({ path, key }))).sound, true)
  }))

test("virtual tables and tables of every kind survive encryption", () =>
  withPlace(async ({ path }) => {
    await open(path, () => Effect.void, clear)
    const plain = defaultDriver.open({ path, encryption: clear })
    plain.exec(`
      CREATE TABLE w (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
      INSERT INTO w VALUES ('b', 1.5), ('a', x'00ff'), ('c', NULL);
      CREATE TABLE g (a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2) STORED);
      INSERT INTO g (a) VALUES (1), (9007199254740993);
      CREATE VIRTUAL TABLE f USING fts5(body);
      INSERT INTO f VALUES ('the kettle is on'), ('no tea');
      CREATE VIRTUAL TABLE r USING rtree(id, x0, x1);
      CREATE VIEW names AS SELECT k FROM w;
      CREATE TRIGGER t AFTER INSERT ON w BEGIN SELECT 1; END;
      PRAGMA user_version = 7;
    `)
    plain.close()
    await run(encryptDatabaseWithKey({ path, key }))
    const connection = defaultDriver.open({ path, encryption: { kind: "sqlcipher", key: KEY } })
    const all = (sql: string) => connection.prepare(sql).all().map((row) => Object.values(row))
    assert.deepEqual(all("SELECT k, quote(v) FROM w"), [["a", "X'00FF'"], ["b", "1.5"], [
      "c",
      "NULL",
    ]])
    assert.deepEqual(all("SELECT rowid FROM f WHERE f MATCH 'kettle'"), [[1]])
    assert.deepEqual(all("SELECT CAST(max(b) AS TEXT) FROM g"), [["18014398509481986"]])
    assert.deepEqual(all("PRAGMA user_version"), [[7]])
    assert.deepEqual(all("PRAGMA integrity_check"), [["ok"]])
    connection.close()
  }))

test("a database gets another key", () =>
  withPlace(async ({ path }) => {
    await open(path, (storage) => write(storage, 1, 300))
    const before = readFileSync(path)
    const events: Array<LifecycleProgress> = []
    const options = { path, current: key, next: other }
    const done = await run(rekeyDatabase({ ...options, onProgress: (e) => events.push(e) }))
    assert.equal(done.alreadyDone, false)
    checkProgress(events)
    assert.deepEqual(leftovers(path), [])
    const after = readFileSync(path)
    assert.equal(after.length, before.length)
    assert.notDeepEqual(after.subarray(0, 16), before.subarray(0, 16), "a new salt")
    assert.equal(await refusedBecause(path, given(KEY)), "wrong-key")
    assert.deepEqual(await open(path, read, given(OTHER)), {
      count: 300,
      last: 300,
      found: 1,
      restored: false,
    })
    assert.equal((await run(rekeyDatabase(options))).alreadyDone, true)
    // As a rotation repeats it that was interrupted between its last two changes of the key store.
    assert.equal((await run(rekeyDatabase({ ...options, current: other }))).alreadyDone, true)
    assert.equal((await run(verifyDatabase({ path, key: other }))).sound, true)
  }))

test("a new key is refused before anything is touched", () =>
  withPlace(async ({ path }) => {
    await open(path, (storage) => write(storage, 1, 3))
    const before = readFileSync(path)
    const short = Redacted.make(new Uint8Array(31))
    const third = Redacted.make(new Uint8Array(32))
    assert.equal(await reasonOf(rekeyDatabase({ path, current: other, next: other })), "wrong-key")
    assert.equal(await reasonOf(rekeyDatabase({ path, current: key, next: short })), "invalid")
    assert.equal(await reasonOf(rekeyDatabase({ path, current: other, next: third })), "wrong-key")
    assert.deepEqual(readFileSync(path), before)
  }))

test("a damaged page stops a new key, and the old file stays", () =>
  withPlace(async ({ path }) => {
    await open(path, (storage) => write(storage, 1, 300))
    const bytes = readFileSync(path)
    bytes[bytes.length - 2000] = (bytes[bytes.length - 2000] ?? 0) ^ 1
    writeFileSync(path, bytes)
    assert.equal(await reasonOf(rekeyDatabase({ path, current: key, next: other })), "damaged")
    assert.deepEqual(leftovers(path), [])
    assert.deepEqual(readFileSync(path), bytes)
    const found = await run(verifyDatabase({ path, key }))
    assert.deepEqual([found.sound, found.badPages], [false, 1])
  }))

test("a live instance is backed up while it writes; what needs the pen is refused", () =>
  withPlace(async ({ path, root }) => {
    const to = join(root, "backup.db")
    await open(path, (storage) =>
      Effect.gen(function* () {
        yield* write(storage, 1, 200)
        const { bytes } = yield* backupDatabase({ path, key, to })
        assert.equal(statSync(to).size, bytes)
        assert.equal(statSync(to).mode & 0o777, 0o600)
        yield* write(storage, 201, 250)
        const seen = yield* verifyDatabase({ path, key })
        assert.deepEqual([seen.sound, seen.pages, seen.values], [true, undefined, 251])
        const inspected = yield* inspectDatabase({ path, key })
        const messages = inspected.tables.find(({ name }) => name === "c_messages")
        assert.equal(messages?.rows, 250)
        const needsPen: ReadonlyArray<Effect.Effect<unknown, StorageError>> = [
          rekeyDatabase({ path, current: key, next: other }),
          compactDatabase({ path, key }),
          encryptDatabaseWithKey({ path, key }),
          restoreDatabase({ path, key, from: to, replaceExisting: true }),
        ]
        for (const refused of needsPen) {
          const result = yield* Effect.result(refused)
          assert.equal(result._tag === "Failure" && result.failure.reason, "account-in-use")
        }
      }))
    assert.equal(await reasonOf(backupDatabase({ path, key, to })), "unsafe-file")
    assert.equal((await run(verifyDatabase({ path: to, key }))).sound, true)
    assert.equal(await reasonOf(restoreDatabase({ path, key, from: to })), "conflict")
    assert.deepEqual(
      await run(restoreDatabase({ path, key, from: to, replaceExisting: true })),
      { bytes: statSync(path).size, replaced: true },
    )
    assert.deepEqual(leftovers(path), [])
    assert.deepEqual(await open(path, read), { count: 200, last: 200, found: 1, restored: true })
    assert.equal((await open(path, read)).restored, true)
    await open(path, (storage) => storage.acknowledgeRestore)
    assert.equal((await open(path, read)).restored, false)
  }))

test("a backup is restored under another key, to a place where nothing was", () =>
  withPlace(async ({ path, root }) => {
    const from = join(root, "backup.db")
    await open(path, (storage) => write(storage, 1, 60))
    await run(backupDatabase({ path, key, to: from }))
    const bytes = readFileSync(from)
    const fresh = join(root, "fresh", "chat.db")
    const options = { path: fresh, key: other, backupKey: key, from }
    assert.equal(
      await reasonOf(restoreDatabase({ ...options, backupKey: other })),
      "wrong-key-or-damaged",
    )
    assert.equal((await run(restoreDatabase(options))).replaced, false)
    assert.deepEqual(readFileSync(from), bytes)
    assert.deepEqual(leftovers(fresh), [])
    assert.deepEqual(await open(fresh, read, given(OTHER)), {
      count: 60,
      last: 60,
      found: 1,
      restored: true,
    })
  }))

test("a backup put back by hand is recognized, even in the very same file", () =>
  withPlace(async ({ path, root }) => {
    const to = join(root, "backup.db")
    await open(path, (storage) => write(storage, 1, 20))
    await run(backupDatabase({ path, key, to }))
    writeFileSync(path, readFileSync(to))
    assert.equal((await open(path, read)).restored, true)
  }))

test("a copy is recognized by its file, an older state of the same file by its generation", () =>
  withPlace(async ({ path, root }) => {
    await open(path, (storage) => write(storage, 1, 20))
    assert.equal((await open(path, read)).restored, false)
    const older = readFileSync(path)
    const copied = join(root, "copied")
    cpSync(join(path, ".."), copied, { recursive: true })
    assert.equal((await open(join(copied, "chat.db"), read)).restored, true)
    await open(path, read)
    writeFileSync(path, older)
    assert.equal((await open(path, read)).restored, true)
  }))

test("compaction gives back what is free and loses nothing", () =>
  withPlace(async ({ path }) => {
    await open(path, (storage) =>
      Effect.gen(function* () {
        yield* write(storage, 1, 50)
        yield* storage.declare([{ name: "big", kind: "keyed", columns: {}, indexes: {} }])
        const value = new Uint8Array(200_000)
        yield* storage.commit({
          id: "f".repeat(32),
          verbs: [{ verb: "put", collection: "big", key: "k", value }],
        })
      }))
    const connection = defaultDriver.open({ path, encryption: { kind: "sqlcipher", key: KEY } })
    connection.exec("CREATE TABLE waste AS SELECT randomblob(2000000) AS b; DROP TABLE waste")
    connection.close()
    const { after, before } = await run(compactDatabase({ path, key }))
    assert.ok(before - after > 1_900_000, `${before} -> ${after}`)
    assert.equal(statSync(path).size, after)
    assert.deepEqual(leftovers(path), [])
    assert.deepEqual(await open(path, read), { count: 50, last: 50, found: 1, restored: false })
    assert.equal((await run(verifyDatabase({ path, key }))).sound, true)
  }))

test("the end of a layer checkpoints and leaves one file", () =>
  withPlace(async ({ path }) => {
    await open(path, (storage) =>
      Effect.gen(function* () {
        yield* write(storage, 1, 30)
        assert.ok(statSync(`${path}-wal`).size > 0)
      }))
    assert.ok(!existsSync(`${path}-wal`) && !existsSync(`${path}-shm`))
  }))

test("inspection tells tables, counts, settings and sizes, and nothing of the content", () =>
  withPlace(async ({ path }) => {
    await open(path, (storage) => write(storage, 1, 25))
    const inspected = await run(inspectDatabase({ path, key }))
    assert.equal(inspected.format, "mdk")
    assert.deepEqual(
      [inspected.encrypted, inspected.restored, inspected.generation, inspected.sizes.main],
      [true, false, 1, statSync(path).size],
    )
    assert.equal(inspected.settings["page_size"], 4096)
    assert.ok(!JSON.stringify(inspected).includes("message 2"))
    assert.equal(await reasonOf(inspectDatabase({ path, key: other })), "wrong-key")
    assert.equal(await reasonOf(inspectDatabase({ path: `${path}.none`, key })), "not-a-database")
  }))

test("encrypting a file with many free pages never cuts the copy while it is in clear", () =>
  withPlace(async ({ path }) => {
    await open(path, (storage) => write(storage, 1, 60), clear)
    const plain = defaultDriver.open({ path, encryption: clear })
    plain.exec("CREATE TABLE waste AS SELECT randomblob(1000000) AS b; DROP TABLE waste")
    plain.close()
    let inClear = 0
    let encrypted = 0
    const onProgress = ({ done, step }: LifecycleProgress) => {
      if (step === "encrypt" && done === 0) inClear = statSync(`${path}.next`).size
      if (step === "encrypt" && done === 1) encrypted = statSync(`${path}.next`).size
    }
    await run(encryptDatabaseWithKey({ path, key, onProgress }))
    assert.ok(inClear > 0 && inClear < 900_000 && encrypted >= inClear, `${inClear}, ${encrypted}`)
    assert.deepEqual(await open(path, read), { count: 60, last: 60, found: 1, restored: false })
  }))
