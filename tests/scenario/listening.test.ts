import assert from "node:assert/strict"
import { after, before, describe, it } from "node:test"
import { EmbeddedRelay } from "@mdk/nostr-transport/relay"
import { makeWorkplace, mdk } from "../../packages/cli/test/run_mdk.ts"

const workplace = makeWorkplace()
const relay = new EmbeddedRelay()
before(() => relay.start())
after(async () => {
  await relay.stop()
  workplace.remove()
})

/** Runs a command of a home that must succeed; what it printed as JSON. */
async function as(home: string, args: ReadonlyArray<string>) {
  const { status, stdout, stderr } = await mdk(["--json", ...workplace.at(home), ...args])
  assert.equal(status, 0, stderr)
  return stdout === "" ? [] : stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
}

describe("listening at the terminal", () => {
  it("to one group leaves what happens in another for those who listen to it", {
    timeout: 120_000,
  }, async () => {
    await as("ann", ["account", "create", "--relay", relay.url])
    const [{ id: tea }] = await as("ann", ["group", "create", "Tea"])
    const [{ id: coffee }] = await as("ann", ["group", "create", "Coffee"])
    const groupsIn = async (...args: ReadonlyArray<string>) =>
      (await as("ann", ["listen", ...args, "--for", "1"]))
        .flatMap((event) => event._tag === "SendChanged" ? [event.group] : [])
    // The first run sets the place where the next one begins.
    await groupsIn()
    await as("ann", ["send", "Coffee", "black"])
    await as("ann", ["send", "Tea", "green"])
    const one = await groupsIn("Tea", "--all")
    assert.ok(one.length > 0 && one.every((group) => group === tea))
    const all = await groupsIn()
    assert.ok(all.includes(coffee) && all.includes(tea))
  })
})
