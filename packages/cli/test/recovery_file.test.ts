import assert from "node:assert/strict"
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { describe, it } from "node:test"
import { writeRecoveryFile } from "../src/recovery_file.ts"

const TEXT = new TextEncoder().encode("mdk-sqlite-key-v1:of a test")

function inFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "mdk-recovery-"))
  try {
    body(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe("the file of an exported key", () => {
  it("is this user's alone whatever the umask, and complete though it is written in pieces", () =>
    inFolder((folder) => {
      const umask = process.umask(0)
      try {
        writeRecoveryFile(
          join(folder, "key"),
          TEXT,
          (descriptor, bytes, from) => writeSync(descriptor, bytes, from, 1),
        )
      } finally {
        process.umask(umask)
      }
      assert.deepEqual(new Uint8Array(readFileSync(join(folder, "key"))), TEXT)
      assert.equal(statSync(join(folder, "key")).mode & 0o777, 0o600)
    }))

  it("is written over nothing, and through no link", () =>
    inFolder((folder) => {
      writeRecoveryFile(join(folder, "key"), TEXT)
      symlinkSync(join(folder, "elsewhere"), join(folder, "link"))
      for (const name of ["key", "link"]) {
        assert.throws(() => writeRecoveryFile(join(folder, name), TEXT), { code: "EEXIST" })
      }
      assert.equal(existsSync(join(folder, "elsewhere")), false)
    }))

  it("is gone when it could not be completed", () =>
    inFolder((folder) => {
      const full = (descriptor: number, bytes: Uint8Array, from: number) => {
        if (from > 0) throw Object.assign(new Error("planted"), { code: "ENOSPC" })
        return writeSync(descriptor, bytes, from, 4)
      }
      assert.throws(() => writeRecoveryFile(join(folder, "key"), TEXT, full), { code: "ENOSPC" })
      assert.equal(existsSync(join(folder, "key")), false)
    }))
})
