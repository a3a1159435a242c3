import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { errorLine } from "../src/error_line.ts"
import { exitCodeOf } from "../src/exit_code.ts"

const table: ReadonlyArray<readonly [string, string, number]> = [
  ["CliError", "usage", 64],
  ["CliError", "malformed-secret-key", 65],
  ["CliError", "no-account", 66],
  ["CliError", "not-delivered", 69],
  ["CliError", "account-exists", 73],
  ["ArgumentError", "public-key", 65],
  ["OpenError", "account-in-use", 75],
  ["StorageError", "account-in-use", 75],
  ["OpenError", "wrong-key", 77],
  ["StorageError", "plaintext-file", 78],
  ["StorageError", "not-a-database", 65],
  ["StorageError", "full", 74],
  ["StorageError", "unsafe-file", 73],
  ["KeyStoreError", "wrong-passphrase", 77],
  ["KeyStoreError", "unavailable", 69],
  ["GroupError", "not-admin", 77],
  ["GroupError", "unknown-group", 66],
  ["InviteError", "no-key-package", 66],
  ["InviteError", "incompatible", 76],
  ["ServiceError", "no-relay", 69],
  ["ServiceError", "disk-full", 74],
  ["RelayStartError", "port-in-use", 75],
  ["SomethingElse", "whatever", 70],
]

describe("exit codes", () => {
  for (const [_tag, reason, code] of table) {
    it(`${_tag} ${reason} is ${code}`, () => assert.equal(exitCodeOf({ _tag, reason }), code))
  }
})

describe("error lines", () => {
  it("are one line, whatever the advice", () => {
    const line = errorLine({
      _tag: "KeyStoreError",
      reason: "locked",
      advice: "one\ntwo\r\n three",
    })
    assert.equal(line, "one two three")
  })

  it("name what an argument is not", () => {
    assert.equal(
      errorLine({ _tag: "ArgumentError", reason: "public-key" }),
      "that is not a public key",
    )
  })

  it("fall back to tag and reason", () => {
    assert.equal(errorLine({ _tag: "OddError", reason: "odd" }), "odd: odd")
  })
})
