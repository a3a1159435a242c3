import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { after, describe, it } from "node:test"
import { EmbeddedRelay } from "@mdk/nostr-transport/relay"
import { makeWorkplace, mdk } from "./run_mdk.ts"

const workplace = makeWorkplace()
after(() => workplace.remove())

const steps = (text: string) => text.trimEnd().split("\n").map((line) => JSON.parse(line))

describe("the demo", () => {
  it("plays the whole journey and leaves the databases when asked to", async () => {
    const folder = join(workplace.folder, "kept")
    const { status, stdout, stderr } = await mdk(["demo", "--json", "--keep", folder])
    assert.equal(status, 0, stderr)
    const told = steps(stdout)
    const of = (step: string) => told.filter((one) => one.step === step)

    assert.equal(new Set(of("account").map((one) => one.pid)).size, 3)
    assert.deepEqual(of("invited").map((one) => one.by), ["alice", "alice"])
    assert.equal(of("joined").length, 2)
    const last = of("read").filter((one) => one.member !== "carol").map((one) => one.timeline)
    assert.deepEqual(last[0], last[1])
    assert.equal(last[0].length, 4)
    assert.ok(last[0].some((row: { reactions: ReadonlyArray<string> }) => row.reactions.length > 0))
    assert.ok(last[0].some((row: { edited: boolean }) => row.edited))
    assert.equal(of("returned").length, 1)

    for (const { folderMode, files } of of("files")) {
      assert.equal(folderMode, "0700")
      for (const file of files) {
        assert.equal(file.mode, "0600")
        assert.equal(file.plain, false)
        assert.deepEqual(file.leaks, [])
      }
    }
    const kinds = of("relay-saw")[0].kinds.map((one: { kind: number }) => one.kind)
    for (const kind of [445, 1059, 30443]) assert.ok(kinds.includes(kind), String(kind))
    assert.deepEqual(of("relay-saw")[0].leaks, [])
    assert.equal(of("done")[0].leaks, 0)

    for (const name of ["alice", "bob", "carol"]) {
      const file = join(folder, `${name}.db`)
      assert.equal(statSync(file).mode & 0o777, 0o600)
      assert.notEqual(readFileSync(file).subarray(0, 15).toString("latin1"), "SQLite format 3")
    }
    assert.equal(new Set(of("kept").map((one) => one.key)).size, 3)
    const everything = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => readFileSync(join(folder, name)))
    for (const { text } of of("sent")) {
      assert.ok(!everything.some((bytes) => bytes.includes(Buffer.from(text))))
    }
  })

  it("says what happens to people, and leaves nothing behind", async () => {
    const { status, stdout, stderr } = await mdk(["demo"])
    assert.equal(status, 0, stderr)
    assert.match(stdout, /alice founded/)
    assert.match(stdout, /carol reads:/)
    assert.match(stdout, /the relay saw:/)
    const database = /database (\S+)/.exec(stdout)?.[1] ?? ""
    assert.equal(existsSync(database), false)
  })

  it("uses another relay", async () => {
    const relay = await new EmbeddedRelay().start()
    try {
      const { status, stderr } = await mdk(["demo", "--json", "--relay", relay.url])
      assert.equal(status, 0, stderr)
      assert.ok(relay.events.some((event) => event.kind === 445))
    } finally {
      await relay.stop()
    }
  })

  it("ends with one line when there is no relay", async () => {
    const { status, stderr } = await mdk(["demo", "--relay", "ws://127.0.0.1:9"])
    assert.equal(status, 69)
    assert.equal(stderr.trimEnd().split("\n").filter((line) => !line.endsWith("...")).length, 1)
  })

  it("does not write into a folder that holds something", async () => {
    const { status, stderr } = await mdk(["demo", "--keep", workplace.folder])
    assert.equal(status, 73)
    assert.match(stderr, /^mdk: /)
  })
})
