import { type Client, LibsqlBatchError, LibsqlError } from "@libsql/core/api"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { Storage } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { layerWithKey } from "../../src/mod.ts"
import { createClient } from "../../src/libsql/mod.ts"

const folders: Array<string> = []
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

const KEY = Redacted.make(new Uint8Array(32).fill(7))

const place = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "mdk-libsql-"))
  folders.push(folder)
  return join(folder, "own", "program.db")
}

const code = (wanted: string) => (error: unknown): boolean =>
  error instanceof LibsqlError && error.code === wanted

/** A program that knows nothing but the interface. */
async function program(client: Client): Promise<Array<string>> {
  await client.executeMultiple(`
    CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, pages INT, cover BLOB);
    CREATE TABLE loans (book INTEGER REFERENCES books (id));
  `)
  const inserted = await client.execute({
    sql: "INSERT INTO books (title, pages, cover) VALUES (?, ?, ?)",
    args: ["First Impressions", 300, new Uint8Array([0, 255])],
  })
  assert.equal(inserted.rowsAffected, 1)
  assert.equal(inserted.lastInsertRowid, 1n)
  const [named, list] = await client.batch([
    { sql: "INSERT INTO books (title) VALUES ($title) RETURNING id", args: { $title: "Emma" } },
    ["SELECT title, pages, cover FROM books WHERE id = ?", [1]],
  ], "write")
  assert.equal(named?.rows[0]?.["id"], 2)
  const row = list?.rows[0]
  assert.deepEqual(list?.columns, ["title", "pages", "cover"])
  assert.deepEqual(list?.columnTypes, ["TEXT", "INT", "BLOB"])
  assert.equal(row?.length, 3)
  assert.equal(row?.[1], 300)
  assert.deepEqual(Object.keys(row ?? {}), ["title", "pages", "cover"])
  assert.deepEqual(row?.["cover"], new Uint8Array([0, 255]).buffer)
  const transaction = await client.transaction("write")
  try {
    await transaction.execute({
      sql: "UPDATE books SET title = :new WHERE title = :old",
      args: { old: "First Impressions", new: "Pride and Prejudice" },
    })
    await transaction.commit()
  } finally {
    transaction.close()
  }
  const titles = await client.execute("SELECT title FROM books ORDER BY id")
  return titles.rows.map((each) => String(each["title"]))
}

test("a program for the interface runs, and its file is encrypted and private", async () => {
  const path = place()
  const client = await createClient({ path, key: KEY })
  assert.deepEqual(await program(client), ["Pride and Prejudice", "Emma"])
  assert.equal(client.protocol, "file")
  client.close()
  assert.equal(client.closed, true)
  const bytes = readFileSync(path)
  assert.equal(bytes.includes("Prejudice"), false)
  assert.equal(bytes.subarray(0, 15).toString("latin1") === "SQLite format 3", false)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  await assert.rejects(client.execute("SELECT 1"), code("CLIENT_CLOSED"))
  client.reconnect()
  assert.equal((await client.execute("SELECT count(*) AS n FROM books")).rows[0]?.["n"], 2)
  client.close()
})

test("errors are LibsqlErrors with codes", async () => {
  const path = place()
  const client = await createClient({ path, key: KEY })
  await program(client)
  await assert.rejects(
    client.execute("INSERT INTO books (title) VALUES ('Emma')"),
    (error) =>
      code("SQLITE_CONSTRAINT")(error) && error instanceof LibsqlError &&
      error.extendedCode === "SQLITE_CONSTRAINT_UNIQUE",
  )
  await assert.rejects(
    client.batch(["INSERT INTO books (title) VALUES ('x')", "INSERT INTO nowhere VALUES (1)"]),
    (error) =>
      error instanceof LibsqlBatchError && error.statementIndex === 1 &&
      error.code === "SQLITE_ERROR",
  )
  assert.equal((await client.execute("SELECT * FROM books WHERE title = 'x'")).rows.length, 0)
  await assert.rejects(client.execute("INSERT INTO loans VALUES (99)"), code("SQLITE_CONSTRAINT"))
  await assert.rejects(client.execute("SELECT 1; SELECT 2"), code("SQL_MANY_STATEMENTS"))
  await assert.rejects(client.sync(), code("SYNC_NOT_SUPPORTED"))
  await assert.rejects(client.execute({ sql: "SELECT ?", args: [NaN] }), RangeError)
  client.close()
  const other = Redacted.make(new Uint8Array(32).fill(8))
  await assert.rejects(createClient({ path, key: other }), code("SQLITE_NOTADB"))
})

test("integers keep their value in every mode", async () => {
  const path = place()
  const big = 2n ** 60n
  const client = await createClient({ path, key: KEY, intMode: "bigint" })
  await client.execute("CREATE TABLE t (n INTEGER)")
  await client.execute({ sql: "INSERT INTO t VALUES (?)", args: [big] })
  assert.equal((await client.execute("SELECT n FROM t")).rows[0]?.["n"], big)
  client.close()
  const text = await createClient({ path, key: KEY, intMode: "string" })
  assert.equal((await text.execute("SELECT n FROM t")).rows[0]?.["n"], big.toString())
  text.close()
  const number = await createClient({ path, key: KEY })
  await assert.rejects(number.execute("SELECT n FROM t"), RangeError)
  number.close()
})

test("a transaction is real: isolated, one writer at a time, undone by close", async () => {
  const client = await createClient({ path: place(), key: KEY })
  await client.execute("CREATE TABLE t (n INTEGER)")
  const first = await client.transaction("write")
  await first.execute("INSERT INTO t VALUES (1)")
  assert.equal((await client.execute("SELECT count(*) AS n FROM t")).rows[0]?.["n"], 0)
  const outside = client.execute("INSERT INTO t VALUES (2)")
  const second = client.transaction("write")
  assert.equal((await first.execute("SELECT count(*) AS n FROM t")).rows[0]?.["n"], 1)
  await first.commit()
  await outside
  const later = await second
  await later.execute("INSERT INTO t VALUES (3)")
  later.close()
  await assert.rejects(later.execute("SELECT 1"), code("TRANSACTION_CLOSED"))
  const rows = await client.execute("SELECT n FROM t ORDER BY n")
  assert.deepEqual(rows.rows.map((row) => row["n"]), [1, 2])
  const reading = await client.transaction("read")
  await assert.rejects(reading.execute("DELETE FROM t"), code("SQLITE_READONLY"))
  await reading.rollback()
  const deferred = await client.transaction("deferred")
  await deferred.execute("SELECT * FROM t")
  await deferred.execute("INSERT INTO t VALUES (4)")
  const [after] = await Promise.all([client.execute("INSERT INTO t VALUES (5)"), deferred.commit()])
  assert.equal(after.rowsAffected, 1)
  client.close()
})

test("a transaction that is left open does not outlive its call", async () => {
  const client = await createClient({ path: place(), key: KEY })
  await client.executeMultiple("CREATE TABLE t (n); BEGIN; INSERT INTO t VALUES (1)")
  assert.equal((await client.execute("SELECT count(*) AS n FROM t")).rows[0]?.["n"], 0)
  const results = await client.migrate([
    "ALTER TABLE t ADD COLUMN m",
    "INSERT INTO t VALUES (1, 2)",
  ])
  assert.equal(results.length, 2)
  assert.equal((await client.execute("PRAGMA foreign_keys")).rows[0]?.[0], 1)
  client.close()
})

test("what would end the encryption is refused", async () => {
  const client = await createClient({ path: place(), key: KEY })
  const statements = [
    "ATTACH 'plain.db' AS plain",
    "  PRAGMA key = 'x'",
    "-- a\npragma journal_mode=DELETE",
    "PRAGMA main.rekey('x')",
    "PRAGMA temp_store = FILE",
  ]
  for (const sql of statements) {
    await assert.rejects(client.execute(sql), code("SQLITE_AUTH"))
    await assert.rejects(client.executeMultiple(`SELECT 1; ${sql}`), code("SQLITE_AUTH"))
  }
  const text = "; attach this; pragma key"
  assert.equal((await client.execute({ sql: "SELECT ? AS t", args: [text] })).rows[0]?.["t"], text)
  client.close()
})

test("the database of an account is refused", async () => {
  const path = place()
  await Effect.runPromise(
    Effect.provide(Storage.use(() => Effect.void), layerWithKey({ path, key: KEY })),
  )
  await assert.rejects(createClient({ path, key: KEY }), code("CORE_DATABASE"))
})

test("a file with a hot rollback journal is refused and stays as it is", async () => {
  const path = place()
  const client = await createClient({ path, key: KEY })
  await program(client)
  client.close()
  const before = readFileSync(path)
  const journal = new Uint8Array(512)
  journal.set([0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1])
  writeFileSync(`${path}-journal`, journal, { mode: 0o600 })
  await assert.rejects(createClient({ path, key: KEY }), code("SQLITE_CANTOPEN"))
  assert.deepEqual(readFileSync(path), before)
  assert.deepEqual(new Uint8Array(readFileSync(`${path}-journal`)), journal)
})
