/**
 * New folders of wrapped keys across power cuts: a durable key is of no use in a folder that is not.
 *
 * @module
 */
import assert from "node:assert/strict"
import { realpathSync, rmSync } from "node:fs"
import { join, relative } from "node:path"
import process from "node:process"
import { describe, it } from "node:test"
import { prepareFolder } from "../src/wrapped_file/key_folder.ts"
import { temporaryFolder } from "./support/temporary_folder.ts"

const parent = realpathSync(temporaryFolder())
const posix = { skip: process.platform === "win32" && "Windows does not make folders durable" }

/** Notes which folders are made durable, and fails for one of them. */
const watched = (failAt?: string, code = "EIO") => {
  const synced: Array<string> = []
  const sync = (folder: string): Promise<void> => {
    const path = relative(parent, folder)
    synced.push(path)
    return path === failAt
      ? Promise.reject(Object.assign(new Error(code), { code }))
      : Promise.resolve()
  }
  return { synced, sync }
}

describe("a new folder of wrapped keys", posix, () => {
  it("is made durable in all parents that gained a folder, the uppermost first", async () => {
    const { synced, sync } = watched()
    await prepareFolder(join(parent, "a/home/keys"), sync)
    assert.deepEqual(synced, ["", "a", "a/home"])
    rmSync(join(parent, "a/home/keys"), { recursive: true })
    await prepareFolder(join(parent, "a/home/keys"), sync)
    assert.deepEqual(synced.slice(3), ["a/home"])
  })

  it("that was there is left alone", async () => {
    const { synced, sync } = watched()
    await prepareFolder(join(parent, "b"), sync)
    await prepareFolder(join(parent, "b"), sync)
    assert.deepEqual(synced, [""])
  })

  it("is refused when a parent cannot be made durable", async () => {
    const { sync } = watched("c")
    await assert.rejects(prepareFolder(join(parent, "c/keys"), sync), { code: "EIO" })
  })

  it("is accepted below folders that this user or this system does not let it sync", async () => {
    for (const code of ["EACCES", "EPERM", "EINVAL", "ENOTSUP"]) {
      const { synced, sync } = watched("", code)
      await prepareFolder(join(parent, code, "keys"), sync)
      assert.deepEqual(synced, ["", code])
    }
  })
})
