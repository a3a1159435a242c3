import type { StorageService, Verb } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import { test } from "node:test"
import { detectRuntime } from "../src/driver/runtime.ts"
import { defaultDriver, drivers } from "./support/drivers.ts"
import { faultyDriver } from "./support/faulty_driver.ts"
import { given, open, refusedBecause } from "./support/open.ts"
import { type Place, withPlace } from "./support/place.ts"
import { mountSmallDisk, noSmallDisk, unmount } from "./support/small_disk.ts"

const ROWS = {
  name: "rows",
  kind: "keyed",
  columns: { at: "integer" },
  indexes: { by_at: ["at"] },
} as const

/** A batch that is whole or not: so many rows with one number. */
const batch = (at: number, rows = 3, size = 2000) => ({
  id: at.toString(16).padStart(32, "0"),
  verbs: Array.from({ length: rows }, (_, row): Verb => ({
    verb: "put",
    collection: "rows",
    key: `${at}-${row}`,
    columns: { at },
    value: new Uint8Array(size).fill(at),
  })),
})

const strace = ["/usr/bin/strace", "/bin/strace"].find((program) => existsSync(program))

const noInjection = detectRuntime().name !== "node"
  ? "faults are injected into Node's system calls only"
  : strace === undefined
  ? "strace is not installed"
  : spawnSync(strace ?? "", ["-f", "-o", "/dev/null", "true"]).status !== 0
  ? "strace may not trace here"
  : false

for (const driver of drivers) {
  test(`a full disk refuses whole batches, and goes on when there is space (${driver.name})`, {
    timeout: 60_000,
    skip: noSmallDisk,
  }, () =>
    withPlace(async ({ root }) => {
      const disk = join(root, "disk")
      assert.ok(mountSmallDisk(disk, "3m"))
      try {
        const path = join(disk, "account", "chat.db")
        await open(
          path,
          (storage) =>
            Effect.gen(function* () {
              yield* storage.declare([ROWS])
              const ballast = join(disk, "ballast")
              writeFileSync(ballast, new Uint8Array(700_000))
              let at = 0
              let refused: ReturnType<typeof batch> | undefined
              while (refused === undefined) {
                assert.ok(at < 1000)
                const next = batch(at)
                const outcome = yield* Effect.result(storage.commit(next))
                if (outcome._tag === "Success") at++
                else {
                  assert.equal(outcome.failure.reason, "full")
                  refused = next
                }
              }
              assert.ok(at > 20, `${at}`)
              assert.equal(yield* storage.count("rows", { index: "key" }, 10_000), 3 * at)
              rmSync(ballast)
              assert.deepEqual(yield* storage.commit(refused), { appended: [], repeated: false })
              assert.equal(yield* storage.count("rows", { index: "key" }, 10_000), 3 * (at + 1))
            }),
          given(),
          driver,
        )
        // Not even the log could be emptied at the end; with more space everything is there.
        assert.equal(spawnSync("mount", ["-o", "remount,size=16m", disk]).status, 0)
        await open(
          path,
          (storage) =>
            Effect.gen(function* () {
              yield* storage.declare([ROWS])
              const page = yield* storage.page("rows", { index: "by_at", limit: 1000 })
              assert.equal(page.rows.length % 3, 0)
            }),
          given(),
          driver,
        )
      } finally {
        unmount(disk)
      }
    }))

  test(
    `an opening on a full disk says so, changes nothing, and works when there is space (${driver.name})`,
    {
      timeout: 60_000,
      skip: noSmallDisk,
    },
    () =>
      withPlace(async ({ root }) => {
        const disk = join(root, "disk")
        assert.ok(mountSmallDisk(disk, "1m"))
        try {
          const path = join(disk, "account", "chat.db")
          const use = (storage: StorageService) =>
            Effect.andThen(storage.declare([ROWS]), storage.count("rows", { index: "key" }, 10))
          await open(path, use, given(), driver)
          const before = readFileSync(path)
          const ballast = join(disk, "ballast")
          assert.throws(() => writeFileSync(ballast, new Uint8Array(2_000_000)), /ENOSPC/)
          assert.equal(await refusedBecause(path, given(), driver), "full")
          assert.ok(readFileSync(path).equals(before))
          rmSync(ballast)
          assert.equal(await open(path, use, given(), driver), 0)
        } finally {
          unmount(disk)
        }
      }),
  )

  test(`a torn log yields whole batches only, wherever it is torn (${driver.name})`, {
    timeout: 120_000,
  }, () =>
    withPlace(async (place) => {
      const copy = await open(
        place.path,
        (storage) =>
          Effect.gen(function* () {
            yield* storage.declare([ROWS])
            for (let at = 0; at < 6; at++) yield* storage.commit(batch(at))
            return imageOf(place)
          }),
        given(),
        driver,
      )
      const main = readFileSync(copy)
      const log = readFileSync(`${copy}-wal`)
      const frame = 4096 + 24
      const seen = new Set<number>()
      for (let cut = log.length; cut > 0; cut -= Math.floor(frame * 0.7)) {
        writeFileSync(copy, main)
        // What was not written any more is missing, or is what stood there before.
        const torn = cut % 2 === 0
          ? log.subarray(0, cut)
          : log.map((byte, at) => at < cut ? byte : byte ^ 0x55)
        writeFileSync(`${copy}-wal`, torn)
        rmSync(`${copy}-shm`, { force: true })
        const batches = await open(
          copy,
          (storage) =>
            Effect.gen(function* () {
              yield* storage.declare([ROWS])
              const page = yield* storage.page("rows", { index: "by_at", limit: 1000 })
              const numbers = page.rows.map((row) => Number(row.columns["at"]))
              const whole = new Set(numbers).size
              assert.deepEqual(
                numbers,
                Array.from({ length: 3 * whole }, (_, at) => Math.floor(at / 3)),
              )
              for (const row of page.rows) {
                assert.deepEqual(row.value, new Uint8Array(2000).fill(Number(row.columns["at"])))
              }
              return whole
            }),
          given(),
          driver,
        ).catch((error) => {
          // Before the first opening was complete there is nothing but a file that was never ready.
          assert.equal(error.reason, "not-a-database")
          return -1
        })
        seen.add(batches)
      }
      assert.ok(seen.has(6) && seen.has(3) && seen.has(0), [...seen].join())
    }))
}

test("a log's index that finds no room at COMMIT leaves the outcome open: the log has the batch", () =>
  withPlace(({ path }) => {
    const faulty = faultyDriver(defaultDriver)
    const use = (storage: StorageService) =>
      Effect.gen(function* () {
        yield* storage.declare([ROWS])
        faulty.plant({ statement: "COMMIT", code: "SQLITE_IOERR_SHMSIZE", applied: true })
        const outcome = yield* Effect.result(storage.commit(batch(1)))
        assert.equal(outcome._tag === "Failure" && outcome.failure.reason, "outcome-unknown")
        assert.equal((yield* storage.commit(batch(1))).repeated, true)
      })
    return open(path, use, given(), faulty.driver)
  }))

function imageOf(place: Place): string {
  const copy = join(place.root, "image", "chat.db")
  mkdirSync(dirname(copy), { mode: 0o700 })
  for (const suffix of ["", "-wal"]) copyFileSync(place.path + suffix, copy + suffix)
  return copy
}

test(
  "an I/O error at the synchronization of a commit leaves its outcome open, and a repetition settles it",
  {
    timeout: 120_000,
    skip: noInjection,
  },
  () =>
    withPlace(({ path }) => {
      const script = join(import.meta.dirname ?? "", "support", "fsync_process.ts")
      const { status, stdout } = spawnSync(strace ?? "", [
        "-f",
        "-o",
        "/dev/null",
        "-e",
        "trace=fsync,fdatasync",
        "-e",
        "inject=fsync,fdatasync:error=EIO:when=40..41",
        process.execPath,
        script,
        path,
      ], { encoding: "utf8", timeout: 100_000 })
      const answer: { failures: ReadonlyArray<string>; rows: number; batches: number } = JSON.parse(
        stdout,
      )
      assert.equal(status, 0)
      assert.ok(answer.failures.length > 0, stdout)
      assert.deepEqual(answer.failures.filter((reason) => reason !== "outcome-unknown"), [])
      assert.equal(answer.rows, 3 * answer.batches)
    }),
)
