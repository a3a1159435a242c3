import assert from "node:assert/strict"
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { after, before, describe, it } from "node:test"
import { EmbeddedRelay } from "@mdk/nostr-transport/relay"
import { makeWorkplace, mdk, start } from "./run_mdk.ts"

const workplace = makeWorkplace()
const relay = new EmbeddedRelay()
const at = (name: string) => join(workplace.folder, name)
const here = workplace.at("home")
let npub = ""

/** Every command is a process, which stretches a passphrase. */
const LONG = { timeout: 300_000 }

/** Runs a command that must succeed; the last value that it printed as JSON. */
async function value(args: ReadonlyArray<string>, home = here) {
  const { status, stdout, stderr } = await mdk(["--json", ...home, ...args])
  assert.equal(status, 0, `${args.join(" ")}: ${stderr}`)
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")
}

/** Runs a command that must fail with one line. */
async function refused(args: ReadonlyArray<string>, status: number, home = here) {
  const ended = await mdk([...home, ...args])
  assert.equal(ended.status, status, `${args.join(" ")}: ${ended.stderr}`)
  assert.match(ended.stderr, /^mdk: [^\n]+\n$/)
  return ended
}

before(() => relay.start())
after(async () => {
  await relay.stop()
  workplace.remove()
})

describe("the database of a home", () => {
  it("is there when there is an account", LONG, async () => {
    await refused(["db", "verify"], 66)
    npub = (await value(["account", "create", "--relay", relay.url])).npub
  })

  it("is inspected and verified without a word of what is in it", LONG, async () => {
    const { stdout } = await mdk([...here, "db", "inspect"])
    assert.match(stdout, /^format {5}mdk 1$/m)
    assert.match(stdout, /^encrypted {2}yes$/m)
    assert.match(stdout, / c_messages$/m)
    assert.ok(!stdout.includes(npub) && !stdout.includes(relay.url))
    const verified = await value(["db", "verify"])
    assert.equal(verified.sound, true)
    assert.equal(verified.pages, statSync(at("home/mdk.db")).size / 4096)
  })

  it("gets another key; backups need the key that they were made with", LONG, async () => {
    await value(["key", "export", "--reveal-key", "--to", at("old-key")])
    assert.match(readFileSync(at("old-key"), "utf8"), /^mdk-sqlite-key-v1:/)
    assert.equal(statSync(at("old-key")).mode & 0o777, 0o600)
    const { bytes } = await value(["db", "backup", at("backup.db")])
    assert.equal(statSync(at("backup.db")).size, bytes)
    await refused(["db", "backup", at("backup.db")], 73)

    const salt = readFileSync(at("home/mdk.db")).subarray(0, 16)
    assert.deepEqual(await value(["key", "rotate"]), { rotated: true })
    assert.notDeepEqual(readFileSync(at("home/mdk.db")).subarray(0, 16), salt)
    assert.deepEqual(await value(["db", "rekey"]), { rotated: true })
    const status = await value(["key", "status"])
    assert.deepEqual([status.opens, status.rotationUnderWay], ["yes", false])
    assert.equal((await value(["account", "show"])).npub, npub)

    await refused(["db", "restore", at("backup.db")], 73)
    await refused(["db", "restore", "--replace", at("backup.db")], 77)
    assert.equal((await value(["account", "show"])).npub, npub)
  })

  it(
    "is restored in another home from its backup and its key, and counts as a copy",
    LONG,
    async () => {
      const other = workplace.at("other")
      await refused(["db", "restore", at("backup.db")], 64, other)
      const key = ["--key-file", at("old-key")]
      assert.equal((await value(["db", "restore", ...key, at("backup.db")], other)).replaced, false)
      assert.equal((await value(["db", "inspect"], other)).restored, true)
      assert.equal((await value(["db", "verify"], other)).sound, true)
      // Its ratchets may be older than what was sent from here.
      await refused(["account", "show"], 65, other)
      await refused(["db", "restore", ...key, at("backup.db")], 73, other)
      const again = await value(["db", "restore", "--replace", ...key, at("backup.db")], other)
      assert.equal(again.replaced, true)
      assert.equal((await value(["db", "verify"], other)).sound, true)
    },
  )

  it("is compacted, and found encrypted", LONG, async () => {
    const { after, before } = await value(["db", "compact"])
    assert.ok(after <= before)
    assert.equal((await value(["db", "encrypt"])).alreadyDone, true)
    assert.equal((await value(["account", "show"])).npub, npub)
    const lasting = /^(mdk\.db(\.lock|\.beside\.lock|\.record\.json)?|keys|settings\.json)$/
    assert.deepEqual(readdirSync(at("home")).filter((name) => !lasting.test(name)), [])
  })

  it(
    "is read beside a live instance; what needs the pen says so and ends with 75",
    LONG,
    async () => {
      const live = start([...here, "listen"])
      try {
        await live.says("listening")
        assert.equal((await value(["db", "verify"])).sound, true)
        assert.equal((await value(["db", "inspect"])).format, "mdk")
        assert.equal((await value(["key", "status"])).opens, "yes")
        await value(["db", "backup", at("live.db")])
        for (
          const args of [
            ["db", "rekey"],
            ["db", "compact"],
            ["db", "encrypt", "--reuse-key"],
            ["db", "restore", "--replace", at("live.db")],
            ["key", "rotate"],
          ]
        ) {
          const { stderr } = await refused(args, 75)
          assert.match(stderr, /open in another process/)
        }
      } finally {
        live.child.kill("SIGINT")
        await live.ended
      }
      assert.equal((await value(["account", "show"])).npub, npub)
      // A rotation that is refused has stored no next key.
      assert.equal((await value(["key", "status"])).rotationUnderWay, false)
      assert.equal((await value(["db", "verify"])).sound, true)
    },
  )

  it("is told to be damaged, with 65", LONG, async () => {
    copyFileSync(at("home/mdk.db"), at("kept.db"))
    const bytes = readFileSync(at("home/mdk.db"))
    bytes[3 * 4096 + 100] = (bytes[3 * 4096 + 100] ?? 0) ^ 1
    writeFileSync(at("home/mdk.db"), bytes)
    const { status, stdout } = await mdk(["--json", ...here, "db", "verify"])
    assert.equal(status, 65)
    assert.equal(JSON.parse(stdout).badPages, 1)
    writeFileSync(at("home/mdk.db"), readFileSync(at("kept.db")))
    rmSync(at("kept.db"))
    assert.equal((await value(["db", "verify"])).sound, true)
  })
})

describe("the key of a home", () => {
  it("leaves its store only when that was said", LONG, async () => {
    const { stdout } = await refused(["key", "export"], 64)
    assert.equal(stdout, "")
    await refused(["key", "export", "--reveal-key", "--to", at("old-key")], 73)
  })

  it("gets another passphrase", LONG, async () => {
    writeFileSync(at("next"), "another long passphrase\n", { mode: 0o600 })
    assert.deepEqual(
      await value(["key", "passphrase", "--new-passphrase-file", at("next")]),
      { keys: 1 },
    )
    await refused(["key", "status"], 77)
    const next = ["--home", at("home"), "--passphrase-file", at("next")]
    assert.equal((await value(["account", "show"], next)).npub, npub)
  })

  it("is told to be missing where it is", LONG, async () => {
    const next = ["--home", at("home"), "--passphrase-file", at("next")]
    rmSync(at("home/keys"), { recursive: true })
    const status = await value(["key", "status"], next)
    assert.deepEqual([status.key, status.database], ["missing", "present"])
    await refused(["db", "verify"], 77, next)
    assert.ok(existsSync(at("home/mdk.db")))
  })
})
