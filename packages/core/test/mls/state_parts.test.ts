import { describe, it } from "node:test"
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as mls from "../../src/mls/mod.ts"
import { crypto, groupOfNames, policy, refusal, seededEntropy, utf8 } from "./group_fixture.ts"
import { decodeHex, encodeHex } from "../../src/codec/hex.ts"

interface Frozen {
  parts: Record<string, string>
  stateId: string
  epochAuthenticator: string
  ratchetTree: string
  messages: Array<{ message: string; plaintext: string }>
  commit: string
  afterCommit: string
}

/** Made once by version 1 of the format; must stay readable for ever. */
const frozen = JSON.parse(
  readFileSync(fileURLToPath(new URL("./state_parts_v1.json", import.meta.url)), "utf8"),
) as Frozen

function frozenParts(): Map<string, Uint8Array> {
  return new Map(Object.entries(frozen.parts).map(([name, hex]) => [name, decodeHex(hex)]))
}

describe("stored states of format version 1", () => {
  it("are read, go on, and are written in the same bytes", () => {
    const parts = frozenParts()
    const group = mls.decodeState({ crypto, parts })
    assert.equal(group.stateId, frozen.stateId)
    assert.equal(encodeHex(group.epochAuthenticator), frozen.epochAuthenticator)
    assert.equal(encodeHex(group.ratchetTreeBytes), frozen.ratchetTree)
    assert.deepEqual(
      [...mls.encodeState(group)].sort(([a], [b]) => (a < b ? -1 : 1)),
      [...parts].sort(([a], [b]) => (a < b ? -1 : 1)),
    )
    for (const { message, plaintext } of frozen.messages) {
      const result = mls.processMessage(group, decodeHex(message), policy)
      assert.ok(result.kind === "application")
      assert.equal(encodeHex(result.plaintext), plaintext)
    }
    // The commit refers to an Update of this member: its keys are in the parts.
    const result = mls.processMessage(group, decodeHex(frozen.commit), policy)
    assert.ok(result.kind === "commit" && result.next)
    assert.equal(encodeHex(result.next.epochAuthenticator), frozen.afterCommit)
  })

  it("hold every kind of part", () => {
    const kinds = new Set(Object.keys(frozen.parts).map((name) => name.split("/")[0]))
    assert.deepEqual(
      [...kinds].sort(),
      ["epoch", "head", "keys", "node", "proposal", "ratchet", "secret"],
    )
  })

  it("are refused when anything is missing or newer", () => {
    for (const name of Object.keys(frozen.parts)) {
      const without = frozenParts()
      without.delete(name)
      const optional = name.startsWith("proposal/") || name.startsWith("ratchet/") ||
        name.startsWith("secret/")
      if (!optional) {
        assert.equal(refusal(() => mls.decodeState({ crypto, parts: without })), "invalid-state")
      }
      const newer = frozenParts()
      newer.get(name)?.fill(2, 0, 1)
      assert.equal(refusal(() => mls.decodeState({ crypto, parts: newer })), "invalid-state")
      const longer = frozenParts()
      longer.set(name, Uint8Array.of(...(newer.get(name) ?? []), 0))
      assert.equal(refusal(() => mls.decodeState({ crypto, parts: longer })), "invalid-state")
    }
  })
})

describe("changes between states", () => {
  const entropy = seededEntropy("parts")
  const names = (count: number): Array<string> => Array.from({ length: count }, (_, i) => `m${i}`)

  it("are one small part for a message, whatever the size of the group", () => {
    const sizes = [2, 16, 64].map((count) => {
      const [a, b] = groupOfNames(entropy, names(count), { path: "force" })
      assert.ok(a && b)
      const first = mls.seal(a, utf8("one"), { entropy })
      const second = mls.seal(first.group, utf8("two"), { entropy })
      const sent = mls.changedParts(first.group, second.group)
      assert.deepEqual([[...sent.put.keys()], sent.remove], [["ratchet/0"], []])
      const read = mls.processMessage(b, first.message, policy)
      assert.ok(read.kind === "application")
      const again = mls.processMessage(read.group, second.message, policy)
      assert.ok(again.kind === "application")
      const { put, remove } = mls.changedParts(read.group, again.group)
      assert.deepEqual([[...put.keys()], remove], [["ratchet/0"], []])
      return put.get("ratchet/0")?.length ?? 0
    })
    assert.deepEqual(sizes, [sizes[0], sizes[0], sizes[0]])
    assert.ok((sizes[0] ?? 0) < 100)
  })

  it("are a path of the tree for a commit", () => {
    for (const count of [16, 64]) {
      const [a, b] = groupOfNames(entropy, names(count), { path: "force" })
      assert.ok(a && b)
      const made = mls.commit(a, { entropy })
      const result = mls.processMessage(b, made.message, policy)
      assert.ok(result.kind === "commit" && result.next)
      const { put, remove } = mls.changedParts(b, result.next)
      const nodes = [...put.keys()].filter(mls.isSharedPart)
      assert.equal(nodes.length, 1 + Math.log2(count))
      assert.deepEqual(remove, [])
      assert.deepEqual(
        mls.uniqueNodes(b, [result.next]).length,
        nodes.length,
      )
      const all = new Map([...mls.encodeState(b)].filter(([n]) => mls.isSharedPart(n)))
      for (const [name, value] of put) all.set(name, value)
      assert.equal(mls.decodeState({ crypto, parts: all }).stateId, made.next.stateId)
    }
  })

  it("are nothing between equal values", () => {
    const [a] = groupOfNames(entropy, names(3))
    assert.ok(a)
    const { put, remove } = mls.changedParts(a, a)
    assert.deepEqual([put.size, remove.length], [0, 0])
    assert.deepEqual(mls.changedParts(undefined, a).put, mls.encodeState(a))
  })
})
