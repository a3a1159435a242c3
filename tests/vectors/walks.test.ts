import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { test } from "node:test"
import { conditionalSuite } from "../conditional_suite.ts"
import { playWalk } from "./openmls_walk.ts"
import { needsVectors, vectorFiles } from "./vector_files.ts"

const set = "openmls-walks"

conditionalSuite("recorded OpenMLS walks", needsVectors(set), () => {
  for (const path of vectorFiles(set)) {
    test(basename(path), { timeout: 120_000 }, () => {
      const { passed, reason } = playWalk(readFileSync(path, "utf8"))
      assert.equal(reason, undefined)
      assert.ok(passed > 0)
    })
  }

  const [path] = vectorFiles(set)
  const content = path === undefined ? "" : readFileSync(path, "utf8")
  const reason = (change: (walk: Planted) => void): string => {
    const walk = JSON.parse(content) as Planted
    change(walk)
    return playWalk(JSON.stringify(walk)).reason ?? "passed"
  }
  const eventOf = (walk: Planted, kind: string): Record<string, unknown> => {
    const found = walk.steps.flatMap((s) => s.events).find((e) => e["kind"] === kind)
    assert.ok(found)
    return found
  }

  test("what is not a walk of this schema fails with one line", () => {
    for (const text of ["", "{", "null", "[]", `{"format":"openmls-walk/2"}`]) {
      const { passed, failed, reason } = playWalk(text)
      assert.deepEqual([passed, failed], [0, 1])
      assert.match(reason ?? "", /^reading the file: (not JSON|unknown schema.*)$/)
    }
    assert.match(reason((w) => w.steps = []), /without steps/)
    assert.match(reason((w) => w.ciphersuite = 2), /walk.ciphersuite is not 1/)
    assert.match(reason((w) => w.config.handshake = "sealed"), /handshake/)
    assert.match(reason((w) => delete w.steps[3]!.state["tree_hash"]), /steps\[3\].state.tree_hash/)
    assert.match(reason((w) => w.steps[3]!.state["new"] = 1), /state.new/)
    assert.match(reason((w) => eventOf(w, "refuse")["of"] = "greeting"), /\.of is not proposal or/)
    // Even where nobody is named who would get it.
    assert.match(
      reason((w) => w.steps[0]!.events.push({ kind: "other", wire: "", to: [] })),
      /known kind of event/,
    )
  })

  test("the order of members and further fields do not matter", () => {
    const reversed = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(reversed)
        : typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).reverse().map(([k, v]) => [k, reversed(v)]))
        : value
    const walk = { ...JSON.parse(content), comment: "for readers" }
    assert.equal(playWalk(JSON.stringify(reversed(walk))).reason, undefined)
  })

  const planted: ReadonlyArray<readonly [string, (walk: Planted) => void, RegExp]> = [
    ["a state", (w) => w.steps.at(-1)!.state["tree_hash"] = "00".repeat(32), /end of step/],
    ["a size", (w) => w.steps.at(-1)!.size = 7, /size differs/],
    ["an observer's leaf", (w) => w.observers[0]!.leaf = 9, /leaf of the observer/],
    ["an observer's removal", (w) => w.observers[0]!.removed_in_step = 1, /removal|membership/],
    ["who observes", (w) => w.steps.at(-1)!.observers.pop(), /observers differs/],
    ["a sender", (w) => eventOf(w, "commit")["sender"] = 9, /sender differs/],
    ["a path", (w) => {
      const commit = eventOf(w, "commit")
      commit["path"] = commit["path"] !== true
    }, /path differs/],
    ["a plaintext", (w) => eventOf(w, "application")["data"] = "00", /data differs/],
    ["a reference", (w) => eventOf(w, "proposal")["reference"] = "00".repeat(32), /differs|refers/],
    ["a refusal that is none", (w) => {
      const step = w.steps.find((s) => s.events.some((e) => e["kind"] === "application"))!
      const event = step.events.find((e) => e["kind"] === "application")!
      step.events.unshift({ ...event, kind: "refuse", of: "application", why: "no reason" })
    }, /must be refused/],
    ["a leniency that is none", (w) => {
      const step = w.steps.find((s) => s.events.some((e) => e["kind"] === "application"))!
      const event = step.events.find((e) => e["kind"] === "application")!
      step.events.unshift({ ...event, kind: "lenient", of: "application" })
    }, /must be refused/],
  ]
  for (const [what, change, expected] of planted) {
    test(`${what} that was changed is found`, () => assert.match(reason(change), expected))
  }
})

interface Planted {
  ciphersuite: number
  readonly config: { handshake: string }
  readonly observers: Array<{ leaf: number; removed_in_step: number | null }>
  steps: Array<{
    size: number
    readonly observers: Array<string>
    readonly events: Array<Record<string, unknown>>
    readonly state: Record<string, unknown>
  }>
}
