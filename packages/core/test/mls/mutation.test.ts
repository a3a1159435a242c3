import { describe, it } from "node:test"
import assert from "node:assert/strict"
import fc from "fast-check"
import * as mls from "../../src/mls/mod.ts"
import {
  crypto,
  foundGroup,
  groupOfNames,
  keyPackage,
  policy,
  refusal,
  seededEntropy,
  utf8,
} from "./group_fixture.ts"

const entropy = seededEntropy("mutation")
const names = ["a", "b", "c", "d", "e"]

/** Every byte of a message, each with another change. */
function* mutations(message: Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < message.length; i++) {
    const copy = message.slice()
    copy[i] = (copy[i] as number) ^ (1 + (i * 37) % 255)
    yield copy
  }
}

function assertAllRefused(receiver: mls.MlsGroup, message: Uint8Array): void {
  const before = mls.encodeState(receiver)
  for (const mutated of mutations(message)) {
    assert.ok(refusal(() => mls.processMessage(receiver, mutated, policy)))
  }
  for (let cut = 0; cut < message.length; cut += 7) {
    refusal(() => mls.processMessage(receiver, message.subarray(0, cut), policy))
  }
  refusal(() => mls.processMessage(receiver, Uint8Array.of(...message, 0), policy))
  assert.deepEqual(mls.encodeState(receiver), before)
  assert.ok(mls.processMessage(receiver, message, policy))
}

describe("mutated messages are refused and change nothing", () => {
  const groups = groupOfNames(entropy, names, { path: "force" })
  const [a, b] = groups
  assert.ok(a && b)

  it("application message", () => {
    const sealed = mls.seal(a, utf8("hello"), {
      entropy,
      authenticatedData: utf8("x"),
      padding: 64,
    })
    assertAllRefused(b, sealed.message)
  })

  for (const wireFormat of ["public", "private"] as const) {
    it(`${wireFormat} proposal`, () => {
      const k = keyPackage(entropy, "f")
      const request = { type: "add", keyPackage: k.keyPackage } as const
      assertAllRefused(b, mls.propose(a, request, { entropy, policy, wireFormat }).message)
    })

    it(`${wireFormat} commit with a path`, () => {
      assertAllRefused(b, mls.commit(a, { entropy, wireFormat }).message)
    })

    it(`${wireFormat} commit without a path`, () => {
      const made = mls.commit(a, {
        entropy,
        wireFormat,
        proposals: [{ type: "appDataUpdate", componentId: 0x8002, update: utf8("y") }],
      })
      assert.equal(made.preview.hasPath, false)
      assertAllRefused(b, made.message)
    })
  }

  it("self_remove", () => {
    assertAllRefused(b, mls.propose(a, { type: "selfRemove" }, { entropy }).message)
  })
})

describe("mutated Welcomes are refused, or join the same state", () => {
  for (const path of ["auto", "force"] as const) {
    it(`path ${path}`, () => {
      const founder = foundGroup(entropy, "a")
      const joiners = ["b", "c"].map((n) => keyPackage(entropy, n))
      const made = mls.commit(founder, {
        entropy,
        policy,
        path,
        proposals: joiners.map((k) => ({ type: "add", keyPackage: k.keyPackage })),
      })
      const { welcome } = made
      const [b] = joiners
      assert.ok(welcome && b)
      const before = mls.encodeOwnKeyPackage(b)
      const join = (bytes: Uint8Array): mls.MlsGroup =>
        mls.join({ crypto, welcome: bytes, keyPackages: [b], policy }).group
      const expected = mls.encodeState(join(welcome))
      let harmless = 0
      for (const mutated of mutations(welcome)) {
        try {
          assert.deepEqual(mls.encodeState(join(mutated)), expected)
          harmless++
        } catch (error) {
          if (!(error instanceof mls.MlsError)) throw error
        }
      }
      // The other joiner's reference, KEM output and ciphertext: nothing else may change freely.
      assert.ok(harmless > 32 && harmless < 32 + 32 + 110)
      assert.deepEqual(mls.encodeOwnKeyPackage(b), before)
    })
  }
})

describe("arbitrary bytes", () => {
  const [a] = groupOfNames(entropy, ["a", "b"])
  assert.ok(a)
  const head = fc.constantFrom(
    Uint8Array.of(0, 1, 0, 1),
    Uint8Array.of(0, 1, 0, 2),
    Uint8Array.of(0, 1, 0, 3),
    Uint8Array.of(),
  )

  it("never pass as a message, a Welcome, a KeyPackage or a stored state", () => {
    fc.assert(fc.property(head, fc.uint8Array({ maxLength: 400 }), (start, rest) => {
      const bytes = Uint8Array.of(...start, ...rest)
      refusal(() => mls.processMessage(a, bytes, policy))
      refusal(() => mls.join({ crypto, welcome: bytes, keyPackages: [] }))
      refusal(() => mls.parseKeyPackage(crypto, bytes, {}))
      refusal(() => mls.decodeOwnKeyPackage(crypto, bytes))
      refusal(() => mls.decodeState({ crypto, parts: new Map([["head", bytes]]) }))
    }))
  })

  it("in one stored part never give another state silently", () => {
    const parts = mls.encodeState(a)
    for (const [name, value] of parts) {
      if (!name.startsWith("node/") && name !== "head") continue
      for (let i = 0; i < value.length; i++) {
        const damaged = value.slice()
        damaged[i] = (damaged[i] as number) ^ 1
        const all = new Map(parts).set(name, damaged)
        try {
          const group = mls.decodeState({ crypto, parts: all })
          // Group id, epoch and extensions are covered by neither tree hash nor confirmation tag.
          assert.equal(name, "head")
          assert.equal(group.memberCount, a.memberCount)
        } catch (error) {
          if (!(error instanceof mls.MlsError)) throw error
          assert.equal(error.reason, "invalid-state")
        }
      }
    }
  })
})
