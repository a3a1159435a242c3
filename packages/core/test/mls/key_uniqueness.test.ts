import { describe, it } from "node:test"
import assert from "node:assert/strict"
import { hpkeDeriveKeyPair } from "../../src/crypto/hpke.ts"
import { stateOf } from "../../src/mls/group.ts"
import {
  checkAllKeysUnique,
  checkInitKeys,
  checkLeafKeysUnique,
  checkPathKeysFresh,
} from "../../src/mls/key_uniqueness.ts"
import { deriveSecret } from "../../src/mls/labeled.ts"
import * as mls from "../../src/mls/mod.ts"
import { makeParentNode, type RatchetTree } from "../../src/mls/ratchet_tree.ts"
import type { EntropyService } from "../../src/services/entropy.ts"
import {
  crypto,
  follow,
  groupOfNames,
  keyPackage,
  policy,
  refusal,
  seededEntropy,
  utf8,
} from "./group_fixture.ts"
import { badPath, inline, sendCommit } from "./hostile_member.ts"

const entropy = seededEntropy("key uniqueness")
const { leafNode } = keyPackage(entropy, "any").keyPackage

/** A key that differs from others of this kind in one byte only. */
function key(n: number, at = 31): Uint8Array {
  const bytes = new Uint8Array(32).fill(7)
  bytes[at] = n
  return bytes
}

/** A tree of these encryption keys; signature keys are 100, 101, … unless they are given. */
function tree(
  leaves: ReadonlyArray<number | undefined>,
  parents: ReadonlyArray<number | undefined>,
  signatures: ReadonlyArray<number> = [],
): RatchetTree {
  return {
    leaves: leaves.map((n, i) =>
      n === undefined ? undefined : {
        ...leafNode,
        encryptionKey: key(n),
        signatureKey: key(signatures[i] ?? 100 + i),
      }
    ),
    parents: parents.map((n) =>
      n === undefined ? undefined : makeParentNode(key(n), new Uint8Array(0), [])
    ),
    hashes: [],
  }
}

const duplicate = "duplicate-key"

describe("keys of a whole tree", () => {
  it("are each there once", () => {
    checkAllKeysUnique(tree([1, 2, undefined, 4], [5, undefined, 6]))
    // An encryption key and a signature key are never compared.
    checkAllKeysUnique(tree([1, 2], [3], [2, 1]))
    assert.equal(refusal(() => checkAllKeysUnique(tree([1, 2, 3, 1], [5, 6, 7]))), duplicate)
    assert.equal(refusal(() => checkAllKeysUnique(tree([1, 2, 3, 4], [5, 6, 2]))), duplicate)
    assert.equal(refusal(() => checkAllKeysUnique(tree([1, 2, 3, 4], [5, 6, 5]))), duplicate)
    assert.equal(refusal(() => checkAllKeysUnique(tree([1, 2], [3], [9, 9]))), duplicate)
  })
})

describe("keys of changed leaves", () => {
  it("occur nowhere else", () => {
    const fine = tree([1, 2, undefined, 4], [5, undefined, 6])
    checkLeafKeysUnique(fine, [])
    checkLeafKeysUnique(fine, [0, 1, 2, 3])
    const check = (t: RatchetTree, changed: Array<number>): string =>
      refusal(() => checkLeafKeysUnique(t, changed))
    assert.equal(check(tree([1, 2, 3, 1], [5, 6, 7]), [3]), duplicate)
    assert.equal(check(tree([1, 2, 3, 1], [5, 6, 7]), [0]), duplicate)
    assert.equal(check(tree([1, 2, 3, 4], [5, 6, 4]), [3]), duplicate)
    assert.equal(check(tree([1, 2], [3], [9, 9]), [1]), duplicate)
    // Not those that did not change: the tree was valid before.
    checkLeafKeysUnique(tree([1, 1, 3, 4], [5, 6, 7]), [2])
  })

  it("are compared with everything when many changed", () => {
    const numbers = Array.from({ length: 32 }, (_, i) => i)
    const changed = numbers.slice(0, 17)
    checkLeafKeysUnique(tree(numbers, [40]), changed)
    const twice = numbers.map((n) => n === 31 ? 30 : n)
    assert.equal(refusal(() => checkLeafKeysUnique(tree(twice, [40]), changed)), duplicate)
    const again = numbers.map((n) => n === 16 ? 15 : n)
    for (const count of [16, 17]) {
      const some = Array.from({ length: count }, (_, i) => i)
      assert.equal(refusal(() => checkLeafKeysUnique(tree(again, [40]), some)), duplicate)
    }
  })
})

describe("keys of a path", () => {
  it("are fresh", () => {
    const present = tree([1, 2, undefined, 4], [5, undefined, 6])
    checkPathKeysFresh(present, [key(8), key(9), key(10)])
    checkPathKeysFresh(present, [key(8, 0), key(8, 31), key(8, 1)])
    for (const taken of [2, 4, 5, 6]) {
      assert.equal(refusal(() => checkPathKeysFresh(present, [key(8), key(taken)])), duplicate)
    }
    assert.equal(refusal(() => checkPathKeysFresh(present, [key(8), key(9), key(8)])), duplicate)
    assert.equal(refusal(() => checkPathKeysFresh(present, [key(8), key(9), key(9)])), duplicate)
  })
})

describe("init keys", () => {
  it("are no leaf's key, no key of the path and no other init key", () => {
    const present = tree([1, 2, undefined, 4], [5, undefined, 6])
    checkInitKeys(present, [])
    checkInitKeys(present, [key(8), key(9)], [key(10)])
    // OpenMLS does not look at parents, and members must agree.
    checkInitKeys(present, [key(5)])
    assert.equal(refusal(() => checkInitKeys(present, [key(8), key(8)])), duplicate)
    assert.equal(refusal(() => checkInitKeys(present, [key(8), key(4)])), duplicate)
    assert.equal(refusal(() => checkInitKeys(present, [key(8)], [key(9), key(8)])), duplicate)
  })
})

describe("a commit", () => {
  const [a, b, c] = groupOfNames(entropy, ["a", "b", "c", "d"], { path: "force" }) as [
    mls.MlsGroup,
    mls.MlsGroup,
    mls.MlsGroup,
  ]
  /** A KeyPackage with these X25519 keys. */
  const withKeys = (initKey: Uint8Array, leafKey: Uint8Array): mls.Proposal => {
    const keys = [initKey, leafKey]
    const chosen: EntropyService = { bytes: () => (keys.shift() ?? entropy.bytes(32)).slice() }
    const own = keyPackage(chosen, "new", { signatureSeed: entropy.bytes(32) })
    return { type: "add", keyPackage: own.keyPackage }
  }
  const fresh = (): Uint8Array => entropy.bytes(32)
  const reason = (...proposals: ReadonlyArray<mls.Proposal>): string => {
    const message = sendCommit(a, { proposals: inline(...proposals), path: undefined })
    return refusal(() => mls.processMessage(b, message, policy))
  }

  it("is refused when it adds an encryption key that is in the tree", () => {
    assert.equal(reason(withKeys(fresh(), fresh())), "bad-confirmation-tag")
    const taken = stateOf(c).keys.leaf.bytes.slice()
    assert.equal(reason(withKeys(fresh(), taken)), duplicate)
    const [parent] = stateOf(a).keys.path.values()
    assert.ok(parent)
    assert.equal(reason(withKeys(fresh(), parent.bytes.slice())), duplicate)
  })

  it("is refused when an init key is used elsewhere", () => {
    assert.equal(reason(withKeys(stateOf(c).keys.leaf.bytes.slice(), fresh())), duplicate)
    const shared = fresh()
    assert.equal(reason(withKeys(shared, fresh()), withKeys(shared, fresh())), duplicate)
    assert.equal(reason(withKeys(fresh(), shared), withKeys(shared, fresh())), duplicate)
  })

  it("is refused when its path has the init key of somebody that it adds", () => {
    const secret = fresh()
    const node = hpkeDeriveKeyPair(crypto, deriveSecret(crypto, secret, "node"))
    const [first, other] = [node.privateKey, fresh()].map((initKey) => {
      const added = withKeys(initKey, fresh())
      assert.ok(added.type === "add")
      let drawn = 0
      // The path secret is the first thing that a commit draws.
      const chosen: EntropyService = {
        bytes: (length) => drawn++ === 0 ? secret.slice() : entropy.bytes(length),
      }
      return mls.commit(a, { entropy: chosen, policy, path: "force", proposals: [added] })
    })
    assert.ok(first && other)
    assert.equal(refusal(() => mls.processMessage(b, first.message, policy)), duplicate)
    assert.equal(follow(b, other.message).stateId, other.next.stateId)
  })

  it("is refused when its path uses a key of another member", () => {
    const taken = stateOf(c).keys.leaf.bytes.slice()
    const read = (path: ReturnType<typeof badPath>): string => {
      const message = sendCommit(a, { proposals: [], path })
      return refusal(() => mls.processMessage(b, message, policy))
    }
    assert.equal(read(badPath(a, { leafKey: taken })), duplicate)
    const [first, ...rest] = [crypto.x25519PublicKey(taken)]
    assert.ok(first && rest.length === 0)
    assert.equal(
      read(badPath(a, { publicKeys: (keys) => [first, ...keys.slice(1)] })),
      duplicate,
    )
  })

  it("is refused when an Update takes a key of another member", () => {
    const taken = stateOf(c).keys.leaf.bytes.slice()
    let drawn = 0
    const chosen: EntropyService = {
      bytes: (length) => drawn++ === 0 ? taken : entropy.bytes(length),
    }
    const update = mls.propose(a, { type: "update" }, { entropy: chosen })
    const pending = mls.processMessage(b, update.message, policy)
    assert.ok(pending.kind === "proposal")
    assert.equal(refusal(() => mls.commit(pending.group, { entropy, policy })), duplicate)
    assert.ok(mls.seal(pending.group, utf8("still usable"), { entropy }))
  })
})
