import { describe, it } from "node:test"
import assert from "node:assert/strict"
import { inspect } from "node:util"
import { encodeGroupContext } from "../../src/mls/group_context.ts"
import { stateOf } from "../../src/mls/group.ts"
import { epochFromIntermediate, joinerKeys, joinerSecret } from "../../src/mls/key_schedule.ts"
import { expandWithLabel } from "../../src/mls/labeled.ts"
import * as mls from "../../src/mls/mod.ts"
import { ratchetsOf } from "../../src/mls/secret_tree.ts"
import {
  crypto,
  follow,
  foundGroup,
  groupOfNames,
  keyPackage,
  policy,
  refusal,
  seededEntropy,
  utf8,
} from "./group_fixture.ts"
import { encodeHex } from "../../src/codec/hex.ts"

const entropy = seededEntropy("security")

/** What a removed member would compute who guesses a commit secret. */
function guessNextEpoch(
  removed: mls.MlsGroup,
  context: mls.GroupContext,
  commitSecret: Uint8Array,
): Uint8Array {
  const bytes = encodeGroupContext(context)
  const init = stateOf(removed).secrets.init.bytes
  const joiner = joinerSecret(crypto, init, commitSecret, bytes)
  const { intermediate } = joinerKeys(crypto, joiner, new Uint8Array(32))
  return epochFromIntermediate(crypto, intermediate, bytes).secrets.epochAuthenticator.bytes
}

describe("removal", () => {
  it("of everybody else leaves nothing that the removed can compute", () => {
    for (const count of [2, 3, 5]) {
      const names = Array.from({ length: count }, (_, i) => `m${i}`)
      const [a, ...others] = groupOfNames(entropy, names)
      assert.ok(a)
      const made = mls.commit(a, {
        entropy,
        proposals: others.map((g) => ({ type: "remove", leafIndex: g.ownLeaf })),
      })
      assert.equal(made.next.memberCount, 1)
      for (const gone of others) {
        const result = mls.processMessage(gone, made.message, policy)
        assert.ok(result.kind === "commit" && result.preview.ownRemoval)
        assert.equal(result.next, undefined)
        for (const guess of [new Uint8Array(32), stateOf(gone).keys.leaf.bytes]) {
          assert.notEqual(
            encodeHex(guessNextEpoch(gone, result.preview.context, guess)),
            encodeHex(made.next.epochAuthenticator),
          )
        }
      }
    }
  })

  it("is told to the removed even when somebody else takes the leaf at once", () => {
    const [a, b, c] = groupOfNames(entropy, ["a", "b", "c"]) as [
      mls.MlsGroup,
      mls.MlsGroup,
      mls.MlsGroup,
    ]
    const d = keyPackage(entropy, "d")
    const made = mls.commit(a, {
      entropy,
      policy,
      proposals: [
        { type: "remove", leafIndex: b.ownLeaf },
        { type: "add", keyPackage: d.keyPackage },
      ],
    })
    const gone = mls.processMessage(b, made.message, policy)
    assert.ok(gone.kind === "commit" && gone.preview.ownRemoval && gone.next === undefined)
    assert.deepEqual(gone.preview.added.map((m) => m.leafIndex), [b.ownLeaf])
    const stays = follow(c, made.message)
    const joined = mls.join({
      crypto,
      welcome: made.welcome as Uint8Array,
      keyPackages: [d],
      policy,
    }).group
    assert.equal(joined.ownLeaf, b.ownLeaf)
    assert.equal(joined.stateId, stays.stateId)
    assert.equal(
      refusal(() => mls.processMessage(b, mls.seal(stays, utf8("x"), { entropy }).message)),
      "wrong-epoch",
    )
  })

  it("of one half of the tree keeps both sides in agreement", () => {
    for (const count of [3, 4, 5, 8]) {
      const groups = groupOfNames(entropy, Array.from({ length: count }, (_, i) => `m${i}`))
      const last = groups.at(-1) as mls.MlsGroup
      const half = Math.min(count - 1, 2 ** Math.floor(Math.log2(count - 1)))
      const made = mls.commit(last, {
        entropy,
        proposals: groups.slice(0, half).map((g) => ({ type: "remove", leafIndex: g.ownLeaf })),
      })
      for (const g of groups.slice(half, -1)) {
        assert.equal(follow(g, made.message).stateId, made.next.stateId)
      }
      // The next one, with the committer's new path in use.
      const again = mls.commit(made.next, { entropy })
      for (const g of groups.slice(half, -1)) {
        assert.equal(
          follow(follow(g, made.message), again.message).stateId,
          again.next.stateId,
        )
      }
    }
  })
})

describe("ratchets", () => {
  const [a, b] = groupOfNames(entropy, ["a", "b"]) as [mls.MlsGroup, mls.MlsGroup]
  const many: Array<Uint8Array> = []
  let sender = a
  for (let i = 0; i < 1103; i++) {
    const sealed = mls.seal(sender, utf8(`${i}`), { entropy })
    assert.equal(sealed.generation, i)
    sender = sealed.group
    many.push(sealed.message)
  }
  const read = (group: mls.MlsGroup, i: number): mls.MlsGroup => {
    const result = mls.processMessage(group, many[i] as Uint8Array, policy)
    assert.ok(result.kind === "application")
    assert.equal(new TextDecoder().decode(result.plaintext), `${i}`)
    return result.group
  }

  it("reach exactly 1000 forward", () => {
    assert.equal(refusal(() => read(b, 1001)), "generation-too-far")
    const far = read(b, 1000)
    assert.equal(refusal(() => read(far, 1000)), "generation-used")
  })

  it("reach exactly 100 back", () => {
    const at = read(b, 150)
    // Next expected is 151: 51 is 100 behind it, 50 is 101.
    assert.ok(read(at, 51))
    assert.equal(refusal(() => read(at, 50)), "generation-too-old")
    const { application } = ratchetsOf(crypto, stateOf(at).secretTree, 0)
    assert.equal(application.skipped[0]?.generation, 51)
    const twice = read(read(at, 51), 52)
    assert.equal(refusal(() => read(twice, 51)), "generation-used")
  })

  it("follow other limits", () => {
    const small = mls.decodeState({
      crypto,
      parts: mls.encodeState(b),
      limits: { outOfOrder: 0, forward: 3 },
    })
    assert.equal(refusal(() => read(small, 4)), "generation-too-far")
    const at = read(small, 3)
    assert.equal(refusal(() => read(at, 2)), "generation-too-old")
  })

  it("keep skipped keys that give nothing but themselves", () => {
    const skipped = read(b, 5)
    const ratchets = ratchetsOf(crypto, stateOf(skipped).secretTree, 0)
    const { application } = ratchets
    assert.deepEqual(application.skipped.map((k) => k.generation), [0, 1, 2, 3, 4])
    const current = encodeHex(application.secret)
    for (const key of application.skipped) {
      assert.equal(key.bytes.length, 28)
      const guess = expandWithLabel(crypto, key.bytes, "secret", new Uint8Array(4), 32)
      assert.notEqual(encodeHex(guess), current)
    }
    // No secret from which the skipped ones could be derived again is left in the value.
    const first = ratchetsOf(crypto, stateOf(b).secretTree, 0).application
    const kept = [...mls.encodeState(skipped).values()].map(encodeHex).join("\n")
    assert.ok(!kept.includes(encodeHex(first.secret)))
  })

  it("do not lose a message to a damaged copy of it", () => {
    const good = many[0] as Uint8Array
    const bad = good.slice()
    bad[bad.length - 1] = (bad[bad.length - 1] as number) ^ 1
    assert.equal(refusal(() => mls.processMessage(b, bad, policy)), "decryption-failed")
    assert.ok(read(b, 0))
  })

  it("give the same state in any order", () => {
    const one = [0, 1, 2, 3].reduce(read, b)
    const two = [3, 0, 2, 1].reduce(read, b)
    assert.deepEqual(mls.encodeState(one), mls.encodeState(two))
  })
})

describe("retired values", () => {
  it("are unusable and zeroed, and take nothing from others", () => {
    const [a, b] = groupOfNames(entropy, ["a", "b"]) as [mls.MlsGroup, mls.MlsGroup]
    const first = mls.seal(a, utf8("one"), { entropy })
    const before = stateOf(b)
    const read = mls.processMessage(b, first.message, policy)
    assert.ok(read.kind === "application")
    const root = before.secretTree.root
    const rootSecret = root.secret
    assert.ok(rootSecret)
    mls.retire(b)
    assert.ok(b.retired)
    assert.throws(() => b.epoch, TypeError)
    assert.throws(() => mls.processMessage(b, first.message), TypeError)
    assert.ok(rootSecret.every((byte) => byte === 0))
    // Epoch secrets and private keys are shared with the successor and still alive.
    assert.ok(read.group.epochAuthenticator.some((byte) => byte !== 0))
    const next = mls.commit(a, { entropy })
    const moved = follow(read.group, next.message)
    const init = stateOf(read.group).secrets.init.bytes
    mls.retire(read.group)
    mls.retire(read.group)
    assert.ok(init.every((byte) => byte === 0))
    assert.equal(moved.stateId, next.next.stateId)
  })

  it("may be any of several on one state", () => {
    const [a, b] = groupOfNames(entropy, ["a", "b"]) as [mls.MlsGroup, mls.MlsGroup]
    const left = mls.commit(a, { entropy })
    const right = mls.commit(a, { entropy, path: "force" })
    mls.retire(left.next)
    const gone = mls.processMessage(b, left.message, policy)
    assert.ok(gone.kind === "commit" && gone.next)
    mls.retire(gone.next)
    const other = follow(b, right.message)
    mls.retire(a)
    mls.retire(b)
    const sealed = mls.seal(right.next, utf8("x"), { entropy })
    assert.ok(mls.processMessage(other, sealed.message, policy))
  })

  it("show nothing when they are printed", () => {
    const group = foundGroup(entropy, "a")
    for (const text of [inspect(group), JSON.stringify({ group }), `${group}`]) {
      assert.ok(text.includes("<MlsGroup>"), text)
    }
    assert.equal(inspect(stateOf(group).keys.leaf).includes("Uint8Array"), false)
  })
})

describe("pre-shared keys", () => {
  it("reach the next epoch only with the right key", () => {
    const [a, b] = groupOfNames(entropy, ["a", "b"]) as [mls.MlsGroup, mls.MlsGroup]
    const withPsk = (psk: Uint8Array | undefined): mls.MlsPolicy => ({ ...policy, psk: () => psk })
    const d = keyPackage(entropy, "d")
    const made = mls.commit(a, {
      entropy,
      policy: withPsk(utf8("shared")),
      proposals: [
        { type: "psk", pskId: utf8("id") },
        { type: "resumptionPsk", groupId: a.groupId, epoch: a.epoch },
        { type: "add", keyPackage: d.keyPackage },
      ],
    })
    const process = (p: mls.MlsPolicy): mls.Processed => mls.processMessage(b, made.message, p)
    assert.equal(refusal(() => process(policy)), "policy")
    assert.equal(refusal(() => process(withPsk(undefined))), "missing-psk")
    assert.equal(refusal(() => process(withPsk(utf8("other")))), "bad-confirmation-tag")
    const result = process(withPsk(utf8("shared")))
    assert.ok(result.kind === "commit" && result.next)
    assert.equal(encodeHex(result.next.epochAuthenticator), encodeHex(made.next.epochAuthenticator))
    const join = (p: mls.MlsPolicy): mls.Joined =>
      mls.join({ crypto, welcome: made.welcome as Uint8Array, keyPackages: [d], policy: p })
    assert.equal(refusal(() => join(policy)), "policy")
    assert.equal(refusal(() => join(withPsk(utf8("other")))), "decryption-failed")
    assert.equal(join(withPsk(utf8("shared"))).group.stateId, made.next.stateId)
  })
})
