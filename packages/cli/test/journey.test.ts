import assert from "node:assert/strict"
import { after, before, describe, it } from "node:test"
import { EmbeddedRelay } from "@mdk/nostr-transport/relay"
import { makeWorkplace, mdk, start } from "./run_mdk.ts"

const workplace = makeWorkplace()
const relay = new EmbeddedRelay()
before(() => relay.start())
after(async () => {
  await relay.stop()
  workplace.remove()
})

const json = (text: string) => text.trimEnd().split("\n").map((line) => JSON.parse(line))

/** Runs a command of a home that must succeed; what it printed as JSON. */
async function as(home: string, args: ReadonlyArray<string>, input = "") {
  const { status, stdout, stderr } = await mdk(["--json", ...workplace.at(home), ...args], input)
  assert.equal(status, 0, stderr)
  return stdout === "" ? [] : json(stdout)
}

describe("two people at two terminals", () => {
  const people: Record<string, string> = {}

  it("make their accounts", async () => {
    for (const name of ["ann", "ben"]) {
      const [account] = await as(name, ["account", "create", "--relay", relay.url])
      assert.match(account.npub, /^npub1/)
      assert.deepEqual(account.relays, [relay.url])
      people[name] = account.npub
      const [shown] = await as(name, ["account", "show"])
      assert.equal(shown.npub, account.npub)
    }
    assert.equal(relay.events.filter((event) => event.kind === 30443).length, 2)
  })

  it("cannot make a second account in the same home", async () => {
    const again = await mdk([...workplace.at("ann"), "--relay", relay.url, "account", "create"])
    assert.equal(again.status, 73)
    assert.equal((await as("ann", ["account", "show"]))[0].npub, people["ann"])
  })

  it("found a group and join it", async () => {
    const [reached] = await as("ann", ["group", "reach", people["ben"] ?? ""])
    assert.deepEqual(Object.values(reached), ["ready"])
    const [group] = await as("ann", ["group", "create", "Tea", "--invite", people["ben"] ?? ""])
    assert.equal(group.members.length, 2)
    const [invite] = await as("ben", ["group", "invites"])
    assert.equal(invite.group.name, "Tea")
    const [joined] = await as("ben", ["group", "join"])
    assert.equal(joined.name, "Tea")
    assert.deepEqual(await as("ben", ["group", "invites"]), [])
  })

  it("send, read and answer", async () => {
    const [sent] = await as("ann", ["send", "Tea", "the", "kettle", "is", "on"])
    const heard = await as("ben", ["listen", "--all", "--for", "2"])
    const texts = heard.filter((event) => event._tag === "MessageReceived")
      .map((event) => event.message.fallback)
    assert.ok(texts.includes("the kettle is on"))
    await as("ben", ["send", "Tea", "--reply-to", sent.message], "I bring\nthe cups\n")
    await as("ann", ["listen", "--for", "2"])
    const history = await as("ann", ["history", "Tea"])
    const written = history.filter((message) => message.content._tag === "Text")
    assert.deepEqual(written.map((message) => message.fallback), [
      "the kettle is on",
      "I bring\nthe cups",
    ])
    assert.equal(written[1].replyTo, sent.message)
  })

  it("search what was written, in one group or in all", async () => {
    const textsOf = (messages: ReadonlyArray<{ readonly fallback: string }>) =>
      messages.map(({ fallback }) => fallback)
    for (const where of [["Tea"], []]) {
      const search = (words: string) => as("ann", ["history", ...where, "--search", words])
      assert.deepEqual(textsOf(await search("KETTLE the")), ["the kettle is on"])
      assert.deepEqual(textsOf(await search("the")), ["the kettle is on", "I bring\nthe cups"])
      assert.deepEqual(await search("kettles"), [])
    }
    const history = [...workplace.at("ann"), "history"]
    const one = await mdk([...history, "Tea", "--search", "the", "--limit", "1"])
    assert.match(one.stdout, /^\d\d:\d\d {2}npub1\S+: I bring\n {8}the cups\n$/)
    assert.match(one.stderr, /older messages have them too/)
    const everywhere = await mdk([...history, "--search", "kettle"])
    assert.match(everywhere.stdout, /^Tea {2}\d\d:\d\d {2}you: the kettle is on\n$/)
    const nothing = await mdk([...history, "--search", "teapot"])
    assert.deepEqual([nothing.status, nothing.stdout], [0, ""])
    assert.match(nothing.stderr, /no message has these words/)
    for (const words of ["", "?!", "x".repeat(257)]) {
      const refused = await mdk([...history, "--search", words])
      assert.equal(refused.status, 65)
      assert.match(refused.stderr, /that cannot be searched for/)
    }
  })

  it("send a message under one key once", async () => {
    const [first] = await as("ann", ["send", "Tea", "--once", "k1", "only once"])
    const [second] = await as("ann", ["send", "Tea", "--once", "k1", "only once"])
    assert.equal(first.message, second.message)
  })

  it("talk", async () => {
    const ann = start([...workplace.at("ann"), "chat", "Tea"])
    await ann.says("/help for help")
    const ben = start([...workplace.at("ben"), "chat", "Tea"])
    await ben.says("/help for help")
    ann.child.stdin?.write("are you there?\n")
    await ben.says("are you there?")
    ben.child.stdin?.write("yes \u001b[31mred\u0007\n")
    await ann.says("yes \\u{1b}[31mred")
    ann.child.stdin?.write("/who\n/nonsense\n")
    await ann.says("there is no such command")
    ann.child.stdin?.end("/quit\n")
    ben.child.stdin?.end()
    assert.equal((await ann.ended).status, 0)
    assert.equal((await ben.ended).status, 0)
  })

  it("name a group by the beginning of its id, and are told when nothing matches", async () => {
    const [group] = await as("ann", ["group", "list"])
    const [shown] = await as("ann", ["group", "show", group.id.slice(0, 8)])
    assert.equal(shown.id, group.id)
    const { status, stderr } = await mdk([...workplace.at("ann"), "group", "show", "Coffee"])
    assert.equal(status, 66)
    assert.equal(stderr, "mdk: no group matches; see: mdk group list\n")
  })

  it("end at once on an interruption, and can start again", async () => {
    const listening = start([...workplace.at("ann"), "listen"], { input: "" })
    await listening.says("listening")
    listening.child.kill("SIGINT")
    assert.equal((await listening.ended).status, 130)
    await as("ann", ["group", "list"])
  })
})
