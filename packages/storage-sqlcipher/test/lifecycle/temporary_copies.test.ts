import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import {
  closeSync,
  cpSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import process from "node:process"
import { test } from "node:test"
import { backupDatabase, inspectForeignDatabase, restoreDatabase } from "../../src/mod.ts"
import { given, KEY, open } from "../support/open.ts"
import { withPlace } from "../support/place.ts"
import { leftovers, read, write } from "./chat.ts"

const key = Redacted.make(KEY)
const run = Effect.runPromise

/** Runs a body with a folder of its own for temporary files. */
async function withTemporary(root: string, body: (folder: string) => Promise<void>): Promise<void> {
  const before = process.env["TMPDIR"]
  const folder = join(root, "temporary")
  mkdirSync(folder)
  process.env["TMPDIR"] = folder
  try {
    assert.equal(tmpdir(), folder)
    await body(folder)
  } finally {
    if (before === undefined) delete process.env["TMPDIR"]
    else process.env["TMPDIR"] = before
  }
}

const deadProcess = (): number => spawnSync(process.execPath, ["--version"]).pid

test("a foreign inspection destroys copies that killed processes left, and no others", () =>
  withPlace(({ path, root }) =>
    withTemporary(root, async (folder) => {
      await open(path, (storage) => write(storage, 1, 3), { kind: "none" })
      const plant = (name: string, hoursOld: number) => {
        const directory = join(folder, name)
        mkdirSync(directory, { mode: 0o700 })
        for (const file of ["copy.db", "copy.db-wal"]) {
          writeFileSync(join(directory, file), "message in clear")
        }
        const time = Date.now() / 1000 - hoursOld * 3600
        utimesSync(directory, time, time)
        return join(directory, "copy.db")
      }
      const stale = [
        plant("mdk-copy-aB3dE6", 2),
        plant(`mdk-copy-${deadProcess()}-aB3dE6`, 0.5),
        plant(`mdk-copy-${process.pid}-old000`, 2),
      ]
      const kept = [
        plant("mdk-copy-fresh0", 0),
        plant(`mdk-copy-${process.pid}-fresh0`, 0.5),
        // Its process may live where this one does not see it.
        plant(`mdk-copy-${deadProcess()}-fresh0`, 0),
        plant("mdk-copy-of-somebody-else", 2),
      ]
      const descriptors = stale.map((file) => openSync(file, "r"))
      try {
        await run(inspectForeignDatabase({ path }))
        assert.deepEqual(stale.filter((file) => existsSync(dirname(file))), [])
        assert.deepEqual(descriptors.map((open) => fstatSync(open).size), [0, 0, 0])
        assert.deepEqual(kept.filter((file) => !existsSync(file)), [])
        assert.equal(readdirSync(folder).length, kept.length)
      } finally {
        for (const descriptor of descriptors) closeSync(descriptor)
      }
    })
  ))

test("a restoration copies the backup beside the database, where recovery destroys the copy", () =>
  withPlace(({ path, root }) =>
    withTemporary(root, async (folder) => {
      const from = join(root, "backup.db")
      await open(path, (storage) => write(storage, 1, 30))
      await run(backupDatabase({ path, key, to: from }))
      const left: Array<string> = []
      const copied: Array<string> = []
      await run(restoreDatabase({
        path,
        key,
        from,
        replaceExisting: true,
        onProgress: ({ step }) => {
          left.push(...readdirSync(folder))
          if (step !== "copy" || copied.length > 0) return
          copied.push(`${root}-killed`)
          cpSync(root, `${root}-killed`, { recursive: true })
        },
      }))
      try {
        assert.deepEqual(left, [])
        assert.deepEqual(leftovers(path), [])
        const killed = join(`${root}-killed`, basename(dirname(path)), basename(path))
        assert.ok(existsSync(`${killed}.restoring`))
        const copy = openSync(`${killed}.restoring`, "r")
        try {
          assert.equal((await open(killed, read, given())).last, 30)
          assert.equal(fstatSync(copy).size, 0)
        } finally {
          closeSync(copy)
        }
        assert.deepEqual(leftovers(killed), [])
      } finally {
        rmSync(`${root}-killed`, { recursive: true, force: true })
      }
    })
  ))
