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

  test("what is not a conversation of this schema fails with one line", async () => {
    const one = async (text: string): Promise<string> => {
      const all = await failures(text)
      assert.equal(all.length, 1)
      return all[0] ?? ""
    }
    for (const text of ["", "{", "null", "[]", `{"schema":"burrow.mdk-transcript.v2"}`]) {
      assert.match(await one(text), /^failed file: (not JSON|unknown schema.*)$/)
    }
    const changed = (change: (transcript: Planted) => void): Promise<string> => {
      const transcript = JSON.parse(read("main")) as Planted
      change(transcript)
      return one(JSON.stringify(transcript))
    }
    assert.match(await changed((t) => t.steps.length = 0), /without steps/)
    assert.match(await changed((t) => t.observers[0] = "nobody"), /observers/)
    assert.match(await changed((t) => t.accounts[1]!.role = "active"), /observers/)
    assert.match(
      await changed((t) => t.steps[2]!.actions[0]!.op = "carry"),
      /actions\[0\].op is not/,
    )
    assert.match(
      await changed((t) => t.steps[2]!.publishes[0]!.mls_kind = "public application"),
      /publishes\[0\].mls_kind is not/,
    )
    assert.match(
      await changed((t) => t.steps[2]!.members["bob"]!.events[0]!.type = "dreamt"),
      /bob.events\[0\].type is not/,
    )
  })

  const planted: ReadonlyArray<readonly [string, (transcript: Planted) => void, RegExp]> = [
    ["an authenticator", (t) => t.states["s0"]!.epoch_authenticator = "00".repeat(32), /authent/],
    ["a tree", (t) => t.states["s1"]!.tree_hash = "00".repeat(32), /tree hash/],
    ["a text", (t) => {
      const event = t.steps[2]!.members["bob"]!.events[0]!
      event.app_event!["content"] = "changed"
    }, /application event/],
    ["a system row", (t) => {
      t.steps[16]!.members["bob"]!.events.at(-1)!.data!["name"] = "changed"
    }, /system rows/],
    ["a lost event", (t) => t.steps[2]!.actions.shift(), /application events/],
    ["an epoch", (t) => {
      const event = t.steps.flatMap((s) => s.members["bob"]?.events ?? [])
        .find(({ type }) => type === "epoch_changed")!
      event.to = 77
    }, /epochs/],
    ["an exporter of a message", (t) => {
      t.steps[2]!.publishes[0]!.exporter_group_event = "00".repeat(32)
    }, /content under the exported key/],
    ["an authenticator of a message", (t) => {
      t.steps[2]!.publishes[0]!.source_epoch_authenticator = "00".repeat(32)
    }, /authenticator of its state/],
    ["a digest", (t) => t.steps[2]!.publishes[0]!.mls_message_sha256 = "00".repeat(32), /digest/],
    ["a plaintext", (t) => t.steps[2]!.publishes[0]!.plaintext = "{}", /application event/],
    ["a Welcome", (t) => {
      t.steps[0]!.publishes.find(({ kind }) => kind === 1059)!.mls_message += "00"
    }, /published welcome/],
    ["a decoded name", (t) => t.states["s1"]!.decoded["name"] = "Barrow", /decoded name/],
    ["a member of a state", (t) => t.states["s1"]!.members.pop(), /members/],
    ["a ratchet tree", (t) => t.states["s1"]!.ratchet_tree = "00", /state s1/],
    ["an evicted view", (t) => {
      const carol = t.steps.map((s) => s.members["carol"]).find((m) => m?.evicted_view)!
      carol.evicted_view!.epoch = 5
    }, /removal/],
    ["a receiver", (t) => t.steps[2]!.actions[0]!.to = "nobody", /deliver: to nobody/],
    ["a private key", (t) => {
      t.accounts[1]!.key_packages[0]!.init_key.private = "11".repeat(32)
    }, /key pair|private keys/],
    [
      "a KeyPackage",
      (t) => t.accounts[1]!.key_packages[0]!.key_package_ref = "00".repeat(32),
      /reference/,
    ],
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
  readonly observers: Array<string>
  readonly states: Record<string, {
    epoch_authenticator: string
    tree_hash: string
    ratchet_tree: string
    members: Array<unknown>
    decoded: Record<string, unknown>
  }>
  readonly accounts: Array<{
    role: string
    key_packages: Array<{ key_package_ref: string; init_key: { private: string } }>
  }>
  readonly steps: Array<{
    actions: Array<{ op: string; to?: string }>
    publishes: Array<{
      kind: number
      mls_kind: string
      mls_message: string
      mls_message_sha256: string
      plaintext: string
      exporter_group_event: string
      source_epoch_authenticator: string
    }>
    members: Record<string, {
      evicted_view?: { epoch: number }
      events: Array<{
        type: string
        to: number
        app_event?: Record<string, unknown>
        data?: Record<string, unknown>
      }>
    }>
  }>
}
