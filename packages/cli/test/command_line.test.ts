import assert from "node:assert/strict"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { after, describe, it } from "node:test"
import { main } from "../src/program.ts"
import { anyPrivate } from "../src/relay_reach.ts"
import { mdk } from "./run_mdk.ts"

const folder = mkdtempSync(join(tmpdir(), "mdk-cli-"))
after(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, "passphrase"), "correct horse battery staple\n")

/** Runs the program inside this process, which is much faster than starting another one. */
async function inside(args: ReadonlyArray<string>) {
  let stdout = ""
  let stderr = ""
  const { stdout: out, stderr: err } = process
  const [writeOut, writeErr] = [out.write, err.write]
  out.write = (text) => (stdout += text, true)
  err.write = (text) => (stderr += text, true)
  try {
    const status = await main([...args])
    return { status, stdout, stderr }
  } finally {
    out.write = writeOut
    err.write = writeErr
  }
}

const lines = (text: string) => text.trimEnd().split("\n")

describe("the command line", () => {
  it("explains every command", async () => {
    const { status, stdout, stderr } = await mdk(["--help"])
    assert.equal(stderr, "")
    assert.equal(status, 0)
    for (const name of ["demo", "account", "group", "send", "listen", "history", "chat", "relay"]) {
      assert.match(stdout, new RegExp(`^  ${name} `, "m"))
    }
    assert.match(stdout, /Exit codes:/)
    assert.doesNotMatch(stdout, /demo-member/)
  })

  it("explains the parts of a command", async () => {
    const { status, stdout } = await inside(["group", "create", "--help"])
    assert.equal(status, 0)
    assert.match(stdout, /--invite <person\.\.\.>/)
  })

  for (
    const [what, args] of [
      ["an unknown command", ["dance"]],
      ["an unknown option", ["group", "list", "--dance"]],
      ["a missing argument", ["group", "create"]],
      ["an unknown key store", ["account", "create", "--key-store", "environment"]],
      ["a port that is none", ["relay", "--port", "70000"]],
      ["no command at all", []],
    ] as const
  ) {
    it(`ends with 64 after ${what}`, async () => {
      const { status, stdout, stderr } = await inside(args)
      assert.equal(status, 64)
      assert.equal(stdout, "")
      assert.notEqual(stderr, "")
    })
  }

  it("takes no secret key as an argument", async () => {
    const nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5"
    const { status, stderr } = await inside([
      "account",
      "import",
      nsec,
      "--relay",
      "ws://127.0.0.1:1",
    ])
    assert.equal(status, 64)
    assert.ok(!stderr.includes(nsec), "the key was repeated")
  })

  it("refuses a malformed secret key on one line, without repeating it, and changes nothing", async () => {
    const home = join(folder, "malformed")
    for (const key of ["nsec1notakey", "\u001b[2J"]) {
      const { status, stdout, stderr } = await mdk(
        ["--home", home, "account", "import", "--nsec-file", "-", "--relay", "ws://127.0.0.1:1"],
        `${key}\n`,
      )
      assert.equal(status, 65)
      assert.equal(stdout, "")
      assert.equal(lines(stderr).length, 1)
      assert.match(stderr, /^mdk: /)
      assert.ok(!stderr.includes(key), "the key was repeated")
    }
    assert.throws(() => readdirSync(home))
  })

  it("says where there is no account", async () => {
    const { status, stderr } = await inside(["--home", join(folder, "none"), "group", "list"])
    assert.equal(status, 66)
    assert.equal(stderr, "mdk: there is no account here yet; make one with: mdk account create\n")
  })

  it("says errors as JSON with --json", async () => {
    const { status, stderr } = await inside([
      "--json",
      "--home",
      join(folder, "none"),
      "group",
      "list",
    ])
    assert.equal(status, 66)
    const { error } = JSON.parse(stderr)
    assert.deepEqual([error._tag, error.reason], ["CliError", "no-account"])
  })

  it("does not make an account without a relay or with a malformed one", async () => {
    const home = join(folder, "no-relay")
    const passphrase = ["--passphrase-file", join(folder, "passphrase")]
    const none = await inside(["--home", home, ...passphrase, "account", "create"])
    assert.equal(none.status, 64)
    const malformed = await inside([
      "--home",
      home,
      ...passphrase,
      "--relay",
      "http://relay.example",
      "account",
      "create",
    ])
    assert.equal(malformed.status, 65)
    assert.throws(() => readdirSync(home))
  })
})

describe("relays that a person names", () => {
  it("may lie on this machine or in a private network", () => {
    for (
      const host of ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "192.168.1.2", "172.20.0.1"]
    ) {
      assert.equal(anyPrivate([`ws://${host}:7777`]), true, host)
    }
    for (const host of ["relay.example", "172.32.0.1", "8.8.8.8", "127.0.0.1.example.com"]) {
      assert.equal(anyPrivate([`wss://${host}`]), false, host)
    }
  })
})
