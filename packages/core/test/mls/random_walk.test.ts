import process from "node:process"
import { describe, it } from "node:test"
import assert from "node:assert/strict"
import { stateOf } from "../../src/mls/group.ts"
import * as mls from "../../src/mls/mod.ts"
import type { PrivateKey } from "../../src/mls/own_keys.ts"
import { publicKeyOf } from "../../src/mls/ratchet_tree.ts"
import {
  assertAgree,
  Choices,
  contextExtensions,
  crypto,
  foundGroup,
  keyPackage,
  policy,
  seededEntropy,
  utf8,
} from "./group_fixture.ts"

/** Persisted form of one member, kept up to date by differences only. */
class Copy {
  group: mls.MlsGroup
  parts: Map<string, Uint8Array>

  constructor(group: mls.MlsGroup) {
    this.group = group
    this.parts = new Map(mls.encodeState(group))
  }

  /** Goes to the next value, by differences; sometimes through a restart. */
  move(next: mls.MlsGroup, restart: boolean): void {
    const before = this.group
    if (next === before) return
    const { put, remove } = mls.changedParts(before, next)
    if (before.stateId !== next.stateId) {
      const gone = mls.uniqueNodes(before, [next])
      for (const name of this.parts.keys()) {
        if (!mls.isSharedPart(name)) this.parts.delete(name)
      }
      for (const name of gone) this.parts.delete(name)
    }
    for (const name of remove) this.parts.delete(name)
    for (const [name, value] of put) this.parts.set(name, value)
    assert.deepEqual(
      [...this.parts].sort(([a], [b]) => (a < b ? -1 : 1)),
      [...mls.encodeState(next)].sort(([a], [b]) => (a < b ? -1 : 1)),
    )
    mls.retire(before)
    this.group = restart ? mls.decodeState({ crypto, parts: this.parts }) : next
    if (restart) mls.retire(next)
  }
}

/** Every private key belongs to a public key of the tree: none is kept for a blank or renewed node. */
function assertKeysFit(group: mls.MlsGroup): void {
  const { keys, tree, ownLeaf } = stateOf(group)
  const all: Array<[number, PrivateKey]> = [[ownLeaf * 2, keys.leaf], ...keys.path]
  for (const [node, key] of all) {
    assert.deepEqual(crypto.x25519PublicKey(key.bytes), publicKeyOf(tree, node))
  }
}

function walk(seed: string, operations: number, most: number): Record<string, number> {
  const entropy = seededEntropy(seed)
  const choose = new Choices(seed)
  const members = new Map<number, Copy>()
  const counts: Record<string, number> = {}
  const count = (name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1
  }
  let names = 0
  const founder = foundGroup(entropy, "m0")
  members.set(0, new Copy(founder))
  const everybody = (): Array<Copy> => [...members.values()]

  const adopt = (
    by: Copy,
    options: Partial<mls.CommitOptions>,
    joiners: Array<mls.OwnKeyPackage>,
  ): void => {
    const wireFormat = choose.chance(30) ? "private" : "public"
    const ratchetTree = choose.chance(30) ? "beside" : "inside"
    const made = mls.commit(by.group, {
      entropy,
      policy,
      wireFormat,
      ratchetTree,
      ...(choose.chance(30) ? { path: "force" } : {}),
      authenticatedData: choose.chance(20) ? utf8("aad") : new Uint8Array(0),
      padding: choose.chance(20) ? 256 : 0,
      ...options,
    })
    const removed = new Set(made.preview.removed.map((r) => r.member.leafIndex))
    for (const [leaf, copy] of members) {
      if (copy === by) continue
      const id = copy.group.stateId
      const result = mls.processMessage(copy.group, made.message, policy)
      assert.equal(copy.group.stateId, id)
      assert.ok(result.kind === "commit")
      assert.equal(result.preview.ownRemoval, removed.has(leaf))
      assert.deepEqual(result.preview.context, made.preview.context)
      assert.deepEqual(result.preview.members(), made.preview.members())
      if (result.next === undefined) {
        assert.ok(removed.has(leaf))
        members.delete(leaf)
        mls.retire(copy.group)
      } else copy.move(result.next, choose.chance(10))
    }
    by.move(made.next, choose.chance(10))
    for (const k of joiners) {
      assert.ok(made.welcome)
      const joined = mls.join({
        crypto,
        welcome: made.welcome,
        keyPackages: joiners,
        policy,
        ...(ratchetTree === "beside" ? { ratchetTree: by.group.ratchetTreeBytes } : {}),
      })
      if (joined.keyPackage !== k) {
        const own = mls.join({
          crypto,
          welcome: made.welcome,
          keyPackages: [k],
          policy,
          ...(ratchetTree === "beside" ? { ratchetTree: by.group.ratchetTreeBytes } : {}),
        })
        members.set(own.group.ownLeaf, new Copy(own.group))
      } else members.set(joined.group.ownLeaf, new Copy(joined.group))
    }
    assertAgree(everybody().map((c) => c.group))
    everybody().forEach((c) => assertKeysFit(c.group))
    assert.equal(by.group.memberCount, members.size)
  }

  const send = (copy: Copy, request: mls.ProposalRequest): void => {
    const wireFormat = request.type !== "selfRemove" && choose.chance(30) ? "private" : "public"
    const made = mls.propose(copy.group, request, { entropy, policy, wireFormat })
    for (const other of everybody()) {
      if (other === copy) continue
      const result = mls.processMessage(other.group, made.message, policy)
      assert.ok(result.kind === "proposal")
      assert.deepEqual(result.proposal.ref, made.ref)
      other.move(result.group, choose.chance(5))
    }
    copy.move(made.group, choose.chance(5))
  }

  for (let i = 0; i < operations; i++) {
    const all = everybody()
    const by = choose.pick(all)
    const others = all.filter((c) => c !== by)
    const kind = choose.pick(
      [
        "add",
        "add",
        "remove",
        "update",
        "data",
        "gce",
        "message",
        "message",
        "byref",
        "leaf",
        "swap",
      ],
    )
    const fresh = (): mls.OwnKeyPackage => keyPackage(entropy, `m${++names}`)
    const data = (): mls.InlineProposal => ({
      type: "appDataUpdate",
      componentId: 0x8002 + choose.below(3),
      update: entropy.bytes(choose.below(80)),
    })
    try {
      switch (kind) {
        case "add": {
          if (all.length >= most) break
          const joiners = Array.from({ length: 1 + choose.below(3) }, fresh)
          adopt(by, {
            proposals: [
              ...joiners.map((k): mls.InlineProposal => ({
                type: "add",
                keyPackage: k.keyPackage,
              })),
              ...(choose.chance(30) ? [data()] : []),
            ],
          }, joiners)
          count(kind)
          break
        }
        case "remove": {
          if (others.length === 0) break
          const gone = choose.chance(10) ? others : [choose.pick(others)]
          adopt(by, {
            proposals: gone.map((c) => ({ type: "remove", leafIndex: c.group.ownLeaf })),
          }, [])
          count(kind)
          break
        }
        case "swap": {
          if (others.length === 0) break
          const k = fresh()
          adopt(by, {
            proposals: [
              { type: "add", keyPackage: k.keyPackage },
              { type: "remove", leafIndex: choose.pick(others).group.ownLeaf },
            ],
          }, [k])
          count(kind)
          break
        }
        case "update":
          adopt(by, {}, [])
          count(kind)
          break
        case "data":
          adopt(by, { proposals: [data()] }, [])
          count(kind)
          break
        case "gce": {
          const dictionary = by.group.extensions.find((e) => e.type === 6)
          assert.ok(dictionary)
          const [required] = contextExtensions()
          assert.ok(required)
          const extensions = choose.chance(50)
            ? [dictionary, required]
            : [required, { type: 0xff01, data: entropy.bytes(5) }, dictionary]
          adopt(by, {
            proposals: [
              { type: "groupContextExtensions", extensions },
              ...(choose.chance(50) ? [data()] : []),
            ],
          }, [])
          count(kind)
          break
        }
        case "leaf":
          adopt(by, {
            leaf: {
              capabilities: {
                versions: [1],
                cipherSuites: [1],
                extensions: [3, 6, 0xff01, 0x2a2a],
                proposals: [8, 10, 0x3a3a],
                credentials: [1],
              },
              extensions: [{ type: 6, data: Uint8Array.of(0) }],
              ...(choose.chance(50) ? { signatureSeed: entropy.bytes(32) } : {}),
            },
          }, [])
          count(kind)
          break
        case "byref": {
          const joiners: Array<mls.OwnKeyPackage> = []
          for (const c of everybody()) {
            if (c === by || !choose.chance(40)) continue
            switch (choose.below(5)) {
              case 0:
                send(c, { type: "update" })
                break
              case 1:
                send(c, { type: "selfRemove" })
                break
              case 2:
                if (by.group.ownLeaf !== c.group.ownLeaf) {
                  send(c, { type: "remove", leafIndex: choose.pick(others).group.ownLeaf })
                }
                break
              case 3: {
                const k = fresh()
                send(c, { type: "add", keyPackage: k.keyPackage })
                joiners.push(k)
                break
              }
              case 4:
                send(c, {
                  type: "update",
                  patch: { signatureSeed: entropy.bytes(32), extensions: [] },
                })
            }
          }
          adopt(by, {}, joiners)
          count(kind)
          break
        }
        case "message": {
          const sealed: Array<{ plaintext: Uint8Array; message: Uint8Array }> = []
          for (let n = 1 + choose.below(4); n > 0; n--) {
            const plaintext = entropy.bytes(choose.below(300))
            const made = mls.seal(by.group, plaintext, {
              entropy,
              authenticatedData: utf8("x"),
              padding: choose.chance(30) ? 128 : 0,
            })
            sealed.push({ plaintext, message: made.message })
            by.move(made.group, false)
          }
          for (const c of others) {
            const order = choose.chance(50) ? [...sealed].reverse() : sealed
            for (const { plaintext, message } of order) {
              if (choose.chance(10)) continue
              const result = mls.processMessage(c.group, message, policy)
              assert.ok(result.kind === "application")
              assert.deepEqual(result.plaintext, plaintext)
              assert.equal(result.sender.leafIndex, by.group.ownLeaf)
              c.move(result.group, choose.chance(10))
              assert.throws(
                () => mls.processMessage(c.group, message, policy),
                { reason: "generation-used" },
              )
            }
          }
          count(kind)
        }
      }
    } catch (error) {
      throw new Error(
        `seed ${seed}, operation ${i} (${kind}): ${error instanceof Error ? error.message : error}`,
        { cause: error },
      )
    }
  }
  return counts
}

describe("random walks of our own members", () => {
  const seeds = chosenSeeds()
  for (const seed of seeds) {
    it(`seed ${seed}`, () => {
      const counts = walk(`${seed}`, 40, 12)
      assert.ok(Object.keys(counts).length >= 3)
    })
  }
})

/** Seeds 1 to 8, or `MDK_MLS_SEEDS=A..B`. */
function chosenSeeds(): ReadonlyArray<number> {
  const [from = 1, to = 8] = (process.env["MDK_MLS_SEEDS"] ?? "1..8").split("..").map(Number)
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
