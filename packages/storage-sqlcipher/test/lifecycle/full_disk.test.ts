import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import {
  backupDatabase,
  compactDatabase,
  encryptDatabaseWithKey,
  rekeyDatabase,
  restoreDatabase,
} from "../../src/mod.ts"
import type { KeySource } from "../../src/open/key_handover.ts"
import { given, KEY, open } from "../support/open.ts"
import { withPlace } from "../support/place.ts"
import { mountSmallDisk, noSmallDisk, unmount } from "../support/small_disk.ts"
import { leftovers, read, write } from "./chat.ts"

const key = Redacted.make(KEY)
const next = Redacted.make(KEY.slice().reverse())

const DISK = 12 * 1024 * 1024

const OPERATIONS: ReadonlyArray<{
  readonly name: string
  readonly source: KeySource
  readonly run: (path: string, backup: string) => Effect.Effect<unknown, StorageError>
}> = [
  {
    name: "encryption",
    source: { kind: "none" },
    run: (path) => encryptDatabaseWithKey({ path, key }),
  },
  {
    name: "another key",
    source: given(),
    run: (path) => rekeyDatabase({ path, current: key, next }),
  },
  { name: "compaction", source: given(), run: (path) => compactDatabase({ path, key }) },
  {
    name: "a backup",
    source: given(),
    run: (path) => backupDatabase({ path, key, to: `${path}-backup` }),
  },
  {
    name: "restoration",
    source: given(),
    run: (path, from) => restoreDatabase({ path, key, from, replaceExisting: true }),
  },
]

for (const { name, run, source } of OPERATIONS) {
  test(`${name} on a full disk: refused with full, the old file stays`, {
    timeout: 60_000,
    skip: noSmallDisk,
  }, () =>
    withPlace(async ({ root }) => {
      const disk = join(root, "disk")
      assert.ok(mountSmallDisk(disk, String(DISK)))
      try {
        const path = join(disk, "account", "chat.db")
        const backup = join(root, "backup.db")
        await open(path, (storage) => write(storage, 1, 1200), source)
        if (source.kind === "given") {
          await Effect.runPromise(backupDatabase({ path, key, to: backup }))
        }
        const { size } = statSync(path)
        // Room for opening, not for a second copy.
        const ballast = join(disk, "ballast")
        writeFileSync(ballast, new Uint8Array(DISK - size - 220_000))
        const result = await Effect.runPromise(Effect.result(run(path, backup)))
        assert.equal(result._tag === "Failure" && result.failure.reason, "full")
        assert.deepEqual(leftovers(path), [])
        rmSync(ballast)
        const seen = await open(path, read, source)
        assert.deepEqual([seen.count, seen.last, seen.found], [1200, 1200, 1])
        await Effect.runPromise(run(path, backup))
        assert.deepEqual(
          leftovers(path).filter((found) => found !== "chat.db-backup"),
          [],
        )
        assert.ok(readdirSync(disk).length > 0)
      } finally {
        unmount(disk)
      }
    }))
}
