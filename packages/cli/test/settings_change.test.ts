/**
 * Settings and homes across power cuts: what is made durable, in which order, and what a cut leaves.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import process from "node:process"
import { afterEach, beforeEach, describe, it } from "node:test"
import { homeAt, prepareHome, readSettings, writeSettings } from "../src/home.ts"
import { DISK, type Disk, replaceSettings } from "../src/settings_change.ts"

const posix = { skip: process.platform === "win32" && "Windows does not make folders durable" }
let folder = ""
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "mdk-settings-")))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const before = { version: 1, keyStore: "wrapped-file", keyId: "mdk.db.key.00ff" } as const
const after = { ...before, keyStore: "native" } as const

/** The real disk, which writes down its calls and fails at one of them. */
const watched = (failAt = Infinity, code = "EIO") => {
  const calls: Array<string> = []
  const paths = new Map<number, string>()
  const nameOf = (path: string) => path.endsWith(".next") ? "temporary" : basename(path)
  const step = (call: string) => {
    calls.push(call)
    if (calls.length === failAt) throw Object.assign(new Error(code), { code })
  }
  const disk: Disk = {
    ...DISK,
    open: (path, flags, mode) => {
      const descriptor = DISK.open(path, flags, mode)
      paths.set(descriptor, path)
      return descriptor
    },
    write: (descriptor, text) => {
      // A cut in the middle of a write leaves a part of it.
      DISK.write(descriptor, text.slice(0, 5))
      step("write")
      DISK.write(descriptor, text.slice(5))
    },
    sync: (descriptor) => {
      step(`sync ${nameOf(paths.get(descriptor) ?? "")}`)
      DISK.sync(descriptor)
    },
    link: (from, to) => {
      step(`link ${nameOf(from)} ${nameOf(to)}`)
      DISK.link(from, to)
    },
    rename: (from, to) => {
      step(`rename ${nameOf(from)} ${nameOf(to)}`)
      DISK.rename(from, to)
    },
  }
  return { calls, disk }
}
const reasonOf = <A>(effect: Effect.Effect<A, { readonly reason: string }>) =>
  Effect.runPromise(Effect.match(effect, { onSuccess: () => "done", onFailure: (e) => e.reason }))

describe("the settings of a home", () => {
  it(
    "have their name only when they are durable, and the name is made durable",
    posix,
    async () => {
      const { calls, disk } = watched()
      await Effect.runPromise(writeSettings(homeAt(folder), before, disk))
      assert.deepEqual(calls, [
        "write",
        "sync temporary",
        "link temporary settings.json",
        `sync ${basename(folder)}`,
      ])
      assert.deepEqual(readdirSync(folder), ["settings.json"])
    },
  )

  it("are replaced by durable ones, and the replacement is made durable", posix, async () => {
    await Effect.runPromise(writeSettings(homeAt(folder), before))
    const { calls, disk } = watched()
    await Effect.runPromise(replaceSettings(homeAt(folder), after, disk))
    assert.deepEqual(calls, [
      "write",
      "sync temporary",
      "rename temporary settings.json",
      `sync ${basename(folder)}`,
    ])
    assert.deepEqual(readdirSync(folder), ["settings.json"])
    assert.deepEqual(await Effect.runPromise(readSettings(homeAt(folder))), after)
  })

  it("are not there, or whole, whichever step of the first write fails", posix, async () => {
    for (const step of [1, 2, 3]) {
      assert.equal(
        await reasonOf(writeSettings(homeAt(folder), before, watched(step).disk)),
        "unsafe-home",
      )
      assert.deepEqual(readdirSync(folder), [], `step ${step}`)
    }
    const last = watched(4)
    assert.equal(await reasonOf(writeSettings(homeAt(folder), before, last.disk)), "unsafe-home")
    assert.deepEqual(await Effect.runPromise(readSettings(homeAt(folder))), before)
  })

  it("are the old or the new ones, whichever step of a replacement fails", posix, async () => {
    await Effect.runPromise(writeSettings(homeAt(folder), before))
    for (const step of [1, 2, 3, 4]) {
      const { disk } = watched(step)
      assert.equal(await reasonOf(replaceSettings(homeAt(folder), after, disk)), "unsafe-home")
      assert.deepEqual(
        await Effect.runPromise(readSettings(homeAt(folder))),
        step < 4 ? before : after,
      )
      assert.deepEqual(readdirSync(folder), ["settings.json"])
    }
  })

  it("are written where folders cannot be made durable", posix, async () => {
    const { disk } = watched(4, "EINVAL")
    await Effect.runPromise(writeSettings(homeAt(folder), before, disk))
    assert.deepEqual(await Effect.runPromise(readSettings(homeAt(folder))), before)
  })

  it("that exist are not written over", async () => {
    await Effect.runPromise(writeSettings(homeAt(folder), before))
    assert.equal(await reasonOf(writeSettings(homeAt(folder), after)), "account-exists")
    assert.deepEqual(await Effect.runPromise(readSettings(homeAt(folder))), before)
    assert.deepEqual(readdirSync(folder), ["settings.json"])
  })
})

describe("a new home", () => {
  it("is made durable in its parents, from the one that was there downwards", posix, async () => {
    const { calls, disk } = watched()
    await Effect.runPromise(prepareHome(homeAt(join(folder, "a/b/c")), disk))
    assert.deepEqual(calls, [`sync ${basename(folder)}`, "sync a", "sync b"])
    await Effect.runPromise(prepareHome(homeAt(join(folder, "a/b/c")), disk))
    assert.equal(calls.length, 3)
  })

  it("is refused when that fails, but not where it is impossible", posix, async () => {
    assert.equal(
      await reasonOf(prepareHome(homeAt(join(folder, "a")), watched(1).disk)),
      "unsafe-home",
    )
    const { disk } = watched(1, "EACCES")
    assert.equal(await reasonOf(prepareHome(homeAt(join(folder, "b")), disk)), "done")
  })
})
