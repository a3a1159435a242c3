import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { after, describe, it } from "node:test"
import { selfArguments } from "../src/demo/member_process.ts"
import { anyPrivate } from "../src/relay_reach.ts"

const folder = mkdtempSync(join(tmpdir(), "mdk-cli-"))
after(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, "passphrase"), "correct horse battery staple\n")

/** Runs the program under the runtime of this test. */
function mdk(args: ReadonlyArray<string>, input = "") {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...selfArguments(), ...args], {
    encoding: "utf8",
    input,
    env: { ...process.env, XDG_DATA_HOME: join(folder, "xdg") },
  })
  return { status, stdout, stderr }
}

const lines = (text: string) => text.trimEnd().split("\n")

describe("the command line", () => {
  it("explains every command", () => {
    const { status, stdout } = mdk(["--help"])
    assert.equal(status, 0)
    for (const name of ["demo", "account", "group", "send", "listen", "history", "chat", "relay"]) {
      assert.match(stdout, new RegExp(`^  ${name} `, "m"))
    }
    assert.match(stdout, /Exit codes:/)
    assert.doesNotMatch(stdout, /demo-member/)
  })

  it("explains the parts of a command", () => {
    const { status, stdout } = mdk(["group", "create", "--help"])
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
    it(`ends with 64 after ${what}`, () => {
      const { status, stdout, stderr } = mdk(args)
      assert.equal(status, 64)
      assert.equal(stdout, "")
      assert.notEqual(stderr, "")
    })
  }

  it("takes no secret key as an argument", () => {
    const nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5"
    const { status, stderr } = mdk(["account", "import", nsec, "--relay", "ws://127.0.0.1:1"])
    assert.equal(status, 64)
    assert.ok(!stderr.includes(nsec), "the key was repeated")
  })

  it("refuses a malformed secret key on one line, without repeating it, and changes nothing", () => {
    const home = join(folder, "malformed")
    for (const key of ["nsec1notakey", "0".repeat(64), "npub1xyz", "\u001b[2J"]) {
      const { status, stdout, stderr } = mdk(
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

  it("says where there is no account", () => {
    const { status, stderr } = mdk(["--home", join(folder, "none"), "group", "list"])
    assert.equal(status, 66)
    assert.equal(stderr, "mdk: there is no account here yet; make one with: mdk account create\n")
  })

  it("says errors as JSON with --json", () => {
    const { status, stderr } = mdk(["--json", "--home", join(folder, "none"), "group", "list"])
    assert.equal(status, 66)
    const { error } = JSON.parse(stderr)
    assert.deepEqual([error._tag, error.reason], ["CliError", "no-account"])
  })

  it("does not make an account without a relay or with a malformed one", () => {
    const home = join(folder, "no-relay")
    const passphrase = ["--passphrase-file", join(folder, "passphrase")]
    const none = mdk(["--home", home, ...passphrase, "account", "create"])
    assert.equal(none.status, 64)
    const malformed = mdk([
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
