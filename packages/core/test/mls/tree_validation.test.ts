import { describe, it } from "node:test"
import assert from "node:assert/strict"
import * as mls from "../../src/mls/mod.ts"
import { stateOf } from "../../src/mls/group.ts"
import {
  makeParentNode,
  type ParentNode,
  type RatchetTree,
  TreeDraft,
} from "../../src/mls/ratchet_tree.ts"
import { checkParentHashes, checkUnmergedLeaves } from "../../src/mls/tree_validation.ts"
import {
  crypto,
  follow,
  groupOfNames,
  keyPackage,
  policy,
  refusal,
  seededEntropy,
} from "./group_fixture.ts"

const entropy = seededEntropy("tree validation")
const { leafNode } = keyPackage(entropy, "any").keyPackage

/** Parents by node index with their unmerged leaves; the others are blank. */
function tree(
  leaves: string,
  parents: Readonly<Record<number, ReadonlyArray<number>>>,
  keyLength = 32,
): RatchetTree {
  const places = Array.from({ length: leaves.length - 1 }, (_, i): ParentNode | undefined => {
    const unmerged = parents[i * 2 + 1]
    return unmerged === undefined
      ? undefined
      : makeParentNode(new Uint8Array(keyLength), new Uint8Array(0), unmerged)
  })
  return {
    leaves: [...leaves].map((c) => c === "x" ? leafNode : undefined),
    parents: places,
    hashes: [],
  }
}

describe("unmerged leaves", () => {
  const reason = (t: RatchetTree): string => refusal(() => checkUnmergedLeaves(t))

  it("may be there", () => {
    checkUnmergedLeaves(tree("xxxxxxxx", { 7: [5, 6], 11: [5, 6], 9: [5], 13: [6] }))
    checkUnmergedLeaves(tree("xxxxxxxx", { 7: [0, 2, 5] }))
    checkUnmergedLeaves(tree("xxx.xxxx", { 3: [2], 7: [2, 4] }))
  })

  it("ascend", () => {
    assert.equal(reason(tree("xxxxxxxx", { 7: [6, 5] })), "invalid-tree")
    assert.equal(reason(tree("xxxxxxxx", { 7: [5, 5] })), "invalid-tree")
    checkUnmergedLeaves(tree("xxxxxxxx", { 7: [0] }))
  })

  it("are occupied and below their node", () => {
    assert.equal(reason(tree("xxxxx.xx", { 7: [5, 6] })), "invalid-tree")
    assert.equal(reason(tree("xxxxxxxx", { 7: [5, 9] })), "invalid-tree")
    assert.equal(reason(tree("xxxxxxxx", { 3: [5] })), "invalid-tree")
    assert.equal(reason(tree("xxxxxxxx", { 11: [3] })), "invalid-tree")
    assert.equal(reason(tree("xxxxxxxx", { 9: [6] })), "invalid-tree")
  })

  it("are known to every parent in between", () => {
    assert.equal(reason(tree("xxxxxxxx", { 7: [5, 6], 11: [6] })), "invalid-tree")
    assert.equal(reason(tree("xxxxxxxx", { 7: [5, 6], 11: [5, 6], 9: [] })), "invalid-tree")
    assert.equal(reason(tree("xxxxxxxx", { 7: [5, 6], 13: [] })), "invalid-tree")
    assert.equal(reason(tree("xxxxxxxx", { 7: [2], 5: [3] })), "invalid-tree")
    // The other way round is right: who was there before the root's path is merged at the root.
    checkUnmergedLeaves(tree("xxxxxxxx", { 7: [], 11: [5] }))
  })

  it("are not looked at in a parent with a key of another size", () => {
    for (const length of [0, 31, 33]) {
      assert.equal(reason(tree("xx", { 1: [] }, length)), "invalid-tree")
    }
  })
})

describe("parent hashes", () => {
  /** Every member made a path, then two were added without one. */
  const grown = (): RatchetTree => {
    let groups = groupOfNames(entropy, ["a", "b", "c", "d", "e", "f"])
    const step = (from: number, options: Partial<mls.CommitOptions>): void => {
      const made = mls.commit(groups[from] as mls.MlsGroup, { entropy, policy, ...options })
      groups = groups.map((g, i) => (i === from ? made.next : follow(g, made.message)))
    }
    for (const from of [4, 2, 0]) step(from, { path: "force" })
    for (const name of ["g", "h"]) {
      step(1, { proposals: [{ type: "add", keyPackage: keyPackage(entropy, name).keyPackage }] })
    }
    return stateOf(groups[1] as mls.MlsGroup).tree
  }
  const valid = grown()
  const changed = (change: (draft: TreeDraft) => void): string => {
    const draft = new TreeDraft(valid)
    change(draft)
    draft.hashes.fill(undefined)
    return refusal(() => checkParentHashes(crypto, draft))
  }
  const parent = (node: number): ParentNode => valid.parents[node >> 1] as ParentNode

  it("link every parent of a tree that grew by the rules", () => {
    checkParentHashes(crypto, valid)
    assert.deepEqual(
      valid.parents.map((p) => p?.unmergedLeaves),
      [[], [], [], [6, 7], [], undefined, undefined],
    )
  })

  it("cover the key, the hash above and the other half", () => {
    for (const node of [1, 3, 5, 7, 9]) {
      const { publicKey, parentHash, unmergedLeaves } = parent(node)
      const other = publicKey.map((b) => b ^ 1)
      assert.equal(
        changed((d) => d.setParent(node, makeParentNode(other, parentHash, unmergedLeaves))),
        "invalid-tree",
      )
      const above = new Uint8Array(32).fill(1)
      assert.equal(
        changed((d) => d.setParent(node, makeParentNode(publicKey, above, unmergedLeaves))),
        "invalid-tree",
      )
    }
    const stranger = keyPackage(entropy, "stranger").keyPackage.leafNode
    for (const leaf of [1, 2, 3, 4, 5]) {
      assert.equal(changed((d) => d.setLeaf(leaf, stranger)), "invalid-tree")
      assert.equal(changed((d) => d.setLeaf(leaf, undefined)), "invalid-tree")
    }
    // Added after every path: no parent answers for them yet.
    for (const leaf of [6, 7]) {
      const draft = new TreeDraft(valid)
      draft.setLeaf(leaf, stranger)
      checkParentHashes(crypto, draft)
    }
  })

  it("need the one node that made the path, and else only unmerged leaves", () => {
    // Unmerged leaves that were there when the path was made, or are missing from the list.
    const list = (node: number, unmerged: ReadonlyArray<number>): string =>
      changed((d) => {
        const { publicKey, parentHash } = parent(node)
        d.setParent(node, makeParentNode(publicKey, parentHash, unmerged))
      })
    assert.equal(list(7, [5, 6, 7]), "invalid-tree")
    assert.equal(list(7, [6]), "invalid-tree")
    assert.equal(list(7, [1, 6, 7]), "invalid-tree")
    assert.equal(list(1, [1]), "invalid-tree")
    assert.equal(list(1, [0]), "invalid-tree")
    assert.equal(list(9, [4]), "invalid-tree")
    assert.equal(changed((d) => d.setParent(3, undefined)), "invalid-tree")
    assert.equal(changed((d) => d.setParent(1, undefined)), "invalid-tree")
  })

  it("link through the half in which somebody was added later", () => {
    let groups = groupOfNames(entropy, ["a", "b", "c", "d", "e", "f", "g"])
    const step = (from: number, options: Partial<mls.CommitOptions>): void => {
      const made = mls.commit(groups[from] as mls.MlsGroup, { entropy, policy, ...options })
      groups = groups.flatMap((g, i) => {
        if (i === from) return [made.next]
        const result = mls.processMessage(g, made.message, policy)
        return result.kind === "commit" && result.next !== undefined ? [result.next] : []
      })
    }
    step(0, { proposals: [{ type: "remove", leafIndex: 5 }] })
    step(4, {})
    const added = keyPackage(entropy, "h").keyPackage
    step(0, { proposals: [{ type: "add", keyPackage: added }] })
    const { tree: grown } = stateOf(groups[0] as mls.MlsGroup)
    const root = grown.parents[3]
    assert.deepEqual([root?.unmergedLeaves, grown.parents[5]?.unmergedLeaves], [[5], [5]])
    checkParentHashes(crypto, grown)
    // As many others as there should be, but not the right ones.
    const draft = new TreeDraft(grown)
    assert.ok(root)
    draft.setParent(7, makeParentNode(root.publicKey, root.parentHash, [6]))
    draft.hashes.fill(undefined)
    assert.equal(refusal(() => checkParentHashes(crypto, draft)), "invalid-tree")
  })

  it("are not claimed by a leaf of a KeyPackage or with an empty hash", () => {
    const two = groupOfNames(entropy, ["a", "b"])[0] as mls.MlsGroup
    const { tree: plain } = stateOf(two)
    const draft = new TreeDraft(plain)
    draft.setParent(1, makeParentNode(new Uint8Array(32).fill(5), new Uint8Array(0), []))
    assert.equal(refusal(() => checkParentHashes(crypto, draft)), "invalid-tree")
    const [leaf] = draft.leaves
    assert.ok(leaf)
    draft.setLeaf(0, { ...leaf, source: { kind: "commit", parentHash: new Uint8Array(0) } })
    assert.equal(refusal(() => checkParentHashes(crypto, draft)), "invalid-tree")
  })
})
