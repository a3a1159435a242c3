import assert from "node:assert/strict"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, it } from "node:test"
import * as Effect from "effect/Effect"
import { defaultHome, homeAt, prepareHome, readSettings, writeSettings } from "../src/home.ts"

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mdk-home-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const mode = (path: string) => statSync(path).mode & 0o777
const reasonOf = <A>(effect: Effect.Effect<A, { readonly reason: string }>) =>
  Effect.runPromise(Effect.match(effect, { onSuccess: () => "done", onFailure: (e) => e.reason }))

describe("the default home", () => {
  it("follows XDG_DATA_HOME when that is absolute", () => {
    assert.equal(defaultHome({ XDG_DATA_HOME: "/data" }), "/data/mdk")
    assert.match(defaultHome({ XDG_DATA_HOME: "data" }), /\.local\/share\/mdk$/)
    assert.match(defaultHome({}), /\.local\/share\/mdk$/)
  })
})

describe("a home", () => {
  it("is created for its owner only", async () => {
    const home = homeAt(join(folder, "a/b"))
    await Effect.runPromise(prepareHome(home))
    assert.equal(mode(home.folder), 0o700)
  })

  it("that is empty is closed, one that is not is refused", async () => {
    const empty = join(folder, "empty")
    mkdirSync(empty)
    chmodSync(empty, 0o755)
    await Effect.runPromise(prepareHome(homeAt(empty)))
    assert.equal(mode(empty), 0o700)

    const full = join(folder, "full")
    mkdirSync(full)
    writeFileSync(join(full, "x"), "")
    chmodSync(full, 0o755)
    assert.equal(await reasonOf(prepareHome(homeAt(full))), "unsafe-home")
    assert.equal(mode(full), 0o755)
  })

  it("that is a file is refused", async () => {
    writeFileSync(join(folder, "file"), "")
    assert.equal(await reasonOf(prepareHome(homeAt(join(folder, "file")))), "unsafe-home")
  })
})

describe("the settings", () => {
  const settings = { version: 1, keyStore: "wrapped-file", keyId: "mdk.db.key.00ff" } as const

  it("come back as they were written, once", async () => {
    const home = homeAt(folder)
    assert.equal(await reasonOf(readSettings(home)), "no-account")
    await Effect.runPromise(writeSettings(home, settings))
    assert.deepEqual(await Effect.runPromise(readSettings(home)), settings)
    assert.equal(mode(join(folder, "settings.json")), 0o600)
    assert.equal(await reasonOf(writeSettings(home, settings)), "account-exists")
  })

  for (
    const [what, text] of [
      ["no JSON", "{"],
      ["another version", JSON.stringify({ ...settings, version: 2 })],
      ["an unknown key store", JSON.stringify({ ...settings, keyStore: "environment" })],
      ["a key name that is none", JSON.stringify({ ...settings, keyId: "../x" })],
    ] as const
  ) {
    it(`with ${what} are refused`, async () => {
      writeFileSync(join(folder, "settings.json"), text)
      assert.equal(await reasonOf(readSettings(homeAt(folder))), "unsafe-home")
    })
  }
})
