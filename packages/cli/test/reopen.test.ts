import assert from "node:assert/strict"
import { join } from "node:path"
import { after, before, describe, it } from "node:test"
import { EmbeddedRelay } from "@mdk/nostr-transport/relay"
import { makeWorkplace, mdk } from "./run_mdk.ts"

const workplace = makeWorkplace()
const relay = new EmbeddedRelay()
const ann = workplace.at("ann")
const bob = workplace.at("bob")
const backup = join(workplace.folder, "backup.db")
const npubs = { ann: "", bob: "" }
let group = ""

/** Every command is a process, which stretches a passphrase. */
const LONG = { timeout: 300_000 }

/** Every value that a command, which must succeed, printed as JSON. */
async function values(home: ReadonlyArray<string>, ...args: ReadonlyArray<string>) {
  const { status, stdout, stderr } = await mdk(["--json", ...home, ...args])
  assert.equal(status, 0, `${args.join(" ")}: ${stderr}`)
  return stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line))
}

/** What a command says that must fail with one line. */
async function refusal(status: number, home: ReadonlyArray<string>, ...args: Array<string>) {
  const ended = await mdk([...home, ...args])
  assert.equal(ended.status, status, `${args.join(" ")}: ${ended.stderr}`)
  assert.match(ended.stderr, /^mdk: [^\n]+\n$/)
  return ended.stderr
}

const texts = async (home: ReadonlyArray<string>) =>
  (await values(home, "history", group)).flatMap(({ content }) =>
    content._tag === "Text" ? [content.text] : []
  )

before(() => relay.start())
after(async () => {
  await relay.stop()
  workplace.remove()
})

describe("an account that was restored from a backup", () => {
  it("has a group, a history and a backup", LONG, async () => {
    for (const [name, home] of [["ann", ann], ["bob", bob]] as const) {
      const [account] = await values(home, "account", "create", "--relay", relay.url)
      npubs[name] = account.npub
    }
    const [made] = await values(ann, "group", "create", "Tea", "--invite", npubs.bob)
    group = made.id
    await values(bob, "group", "join")
    await values(bob, "send", group, "before")
    await values(bob, "db", "backup", backup)
    await values(bob, "send", group, "after")
  })

  it("is refused, says what to do, and is reopened only by who wants it", LONG, async () => {
    const restored = await mdk([...bob, "db", "restore", "--replace", backup])
    assert.equal(restored.status, 0, restored.stderr)
    assert.match(restored.stderr, /mdk account reopen/)
    for (const args of [["account", "show"], ["history", group], ["send", group, "x"]]) {
      assert.match(await refusal(65, bob, ...args), /mdk account reopen/)
    }
    // Nobody is there to be asked.
    assert.match(await refusal(64, bob, "account", "reopen"), /--yes/)
    await refusal(65, bob, "account", "show")
    const [done] = await values(bob, "account", "reopen", "--yes")
    assert.equal(done.reopened, true)
    assert.deepEqual(done.groups.map((one: { id: string }) => one.id), [group])
  })

  it("shows what it has; its group is closed until it is invited anew", LONG, async () => {
    assert.equal((await values(bob, "account", "show"))[0].npub, npubs.bob)
    assert.equal((await values(bob, "group", "list"))[0].status, "unrecoverable")
    assert.deepEqual(await texts(bob), ["before"])
    assert.match(await refusal(76, bob, "send", group, "x"), /closed/)
    assert.match(await refusal(73, ann, "group", "invite", group, npubs.bob), /--again/)
    await values(ann, "group", "invite", group, npubs.bob, "--again")
    const [joined] = await values(bob, "group", "join")
    assert.deepEqual([joined.id, joined.status], [group, "active"])
    await values(bob, "send", group, "back")
    // What asks the relays, too.
    await values(ann, "group", "invites")
    assert.deepEqual(await texts(ann), ["before", "after", "back"])
    assert.deepEqual(await texts(bob), ["before", "back"])
  })

  it("is an account like any other afterwards", LONG, async () => {
    const { status, stdout } = await mdk([...bob, "account", "reopen"])
    assert.equal(status, 0)
    assert.match(stdout, /nothing was changed/)
    assert.equal((await values(bob, "group", "list"))[0].status, "active")
  })
})
