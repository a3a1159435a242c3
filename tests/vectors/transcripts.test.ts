import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { describe, test } from "node:test"
import { playTranscript } from "./transcript.ts"
import { needsVectors, vectorFolder } from "./vector_files.ts"

const set = "mdk-head"
const read = (name: string): string =>
  readFileSync(resolve(vectorFolder(set) ?? "", `${name}.json`), "utf8")

const failures = async (text: string): Promise<ReadonlyArray<string>> =>
  (await playTranscript(text)).filter(({ outcome }) => outcome !== "passed")
    .map(({ name, outcome, reason }) => `${outcome} ${name}: ${reason}`)

describe("recorded conversations of a real MDK", needsVectors(set), () => {
  for (const name of ["main", "remove", "two-admins", "governance"]) {
    test(`${name}: every step, KeyPackage and proof`, { timeout: 120_000 }, async () => {
      assert.deepEqual(await failures(read(name)), [])
    })
  }

  test("a fork is never counted as passed and never breaks anything", async () => {
    const cases = await playTranscript(read("convergence-rename"))
    assert.ok(cases.every(({ outcome }) => outcome !== "failed"))
    assert.ok(cases.some(({ outcome }) => outcome === "skipped"))
  })

  test("a file of another schema fails", async () => {
    assert.match((await failures(`{"schema":"burrow.mdk-transcript.v2"}`))[0] ?? "", /schema/)
    assert.equal((await failures("{")).length, 1)
  })

  const planted: ReadonlyArray<readonly [string, (transcript: Planted) => void, RegExp]> = [
    ["an authenticator", (t) => t.states["s0"]!.epoch_authenticator = "00".repeat(32), /authent/],
    ["a tree", (t) => t.states["s1"]!.tree_hash = "00".repeat(32), /tree hash/],
    ["a text", (t) => {
      const event = t.steps[2]!.members["bob"]!.events[0]!
      event.app_event!["content"] = "changed"
    }, /application events/],
    ["a system row", (t) => {
      t.steps[16]!.members["bob"]!.events.at(-1)!.data!["name"] = "changed"
    }, /system rows/],
    ["a lost event", (t) => t.steps[2]!.actions.shift(), /application events/],
    ["a KeyPackage", (t) => t.accounts[1]!.key_packages[0]!.key_package_ref = "00", /reference/],
  ]
  for (const [what, change, expected] of planted) {
    test(`${what} that was changed is found`, async () => {
      const transcript = JSON.parse(read("main")) as Planted
      change(transcript)
      assert.match((await failures(JSON.stringify(transcript))).join("\n"), expected)
    })
  }
})

interface Planted {
  readonly states: Record<string, { epoch_authenticator: string; tree_hash: string }>
  readonly accounts: Array<{ key_packages: Array<{ key_package_ref: string }> }>
  readonly steps: Array<{
    actions: Array<unknown>
    members: Record<string, {
      events: Array<{ app_event?: Record<string, unknown>; data?: Record<string, unknown> }>
    }>
  }>
}
