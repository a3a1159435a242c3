import { describe, it } from "node:test"
import assert from "node:assert/strict"
import { encodeTls } from "../../src/codec/tls.ts"
import { encodeGroupContext, type GroupContext } from "../../src/mls/group_context.ts"
import { stateOf } from "../../src/mls/group.ts"
import type { GroupState } from "../../src/mls/group_state.ts"
import { epochFromIntermediate, joinerKeys } from "../../src/mls/key_schedule.ts"
import { decodeLeafNode, encodeUnsignedLeafNode, type LeafNode } from "../../src/mls/leaf_node.ts"
import * as mls from "../../src/mls/mod.ts"
import { confirmationTag } from "../../src/mls/next_epoch.ts"
import { makeWelcome, signGroupInfo } from "../../src/mls/own_welcome.ts"
import {
  encodeRatchetTree,
  makeParentNode,
  type ParentNode,
  TreeDraft,
} from "../../src/mls/ratchet_tree.ts"
import { treeHashOf } from "../../src/mls/tree_hash.ts"
import {
  capabilities,
  contextExtensions,
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

const entropy = seededEntropy("joining")

/** Seven members: paths of 0 and 3, and two leaves that were added later without a path. */
function grownGroup(): { inviter: GroupState; joiner: mls.OwnKeyPackage } {
  let groups = groupOfNames(entropy, ["a", "b", "c", "d", "e"], { path: "force" })
  const step = (from: number, options: Partial<mls.CommitOptions>): void => {
    const made = mls.commit(groups[from] as mls.MlsGroup, { entropy, policy, ...options })
    groups = groups.map((g, i) => (i === from ? made.next : follow(g, made.message)))
  }
  step(3, {})
  step(0, {
    proposals: [{ type: "add", keyPackage: keyPackage(entropy, "f").keyPackage }],
  })
  const joiner = keyPackage(entropy, "g")
  step(1, { proposals: [{ type: "add", keyPackage: joiner.keyPackage }] })
  return { inviter: stateOf(groups[1] as mls.MlsGroup), joiner }
}

interface Fault {
  /** Changes the tree; hashes are computed afterwards. */
  readonly tree?: (draft: TreeDraft) => void
  /** Changes the context after the tree hash is in it. */
  readonly context?: (context: GroupContext) => GroupContext
  /** Another signer than the inviter. */
  readonly signer?: number
  /** A wrong tag. */
  readonly tag?: Uint8Array
  /** Without a tree inside. */
  readonly beside?: boolean
}

/** A Welcome of an inviter who lies consistently: everything that can be recomputed is. */
function welcomeWith(
  inviter: GroupState,
  joiner: mls.OwnKeyPackage,
  fault: Fault,
): { welcome: Uint8Array; ratchetTree: Uint8Array } {
  const draft = new TreeDraft(inviter.tree)
  fault.tree?.(draft)
  draft.hashes.fill(undefined)
  const base = { ...inviter.context, treeHash: treeHashOf(crypto, draft) }
  const context = fault.context?.(base) ?? base
  const contextBytes = encodeGroupContext(context)
  const joinerSecret = entropy.bytes(32)
  const { intermediate, welcome } = joinerKeys(crypto, joinerSecret, new Uint8Array(32))
  const epoch = epochFromIntermediate(crypto, intermediate, contextBytes)
  const ratchetTree = encodeRatchetTree(draft)
  const groupInfo = signGroupInfo({
    crypto,
    contextBytes,
    confirmationTag: fault.tag ?? confirmationTag(
      crypto,
      epoch.secrets.confirmation.bytes,
      context.confirmedTranscriptHash,
    ),
    signer: fault.signer ?? inviter.ownLeaf,
    signingKey: inviter.keys.signature.signingKey(crypto),
    extensions: [],
    ratchetTree: fault.beside === true ? undefined : ratchetTree,
  })
  return {
    welcome: makeWelcome({
      crypto,
      entropy,
      groupInfo,
      welcomeSecret: welcome,
      joinerSecret,
      psks: [],
      added: [{ leafIndex: 6, keyPackage: joiner.keyPackage }],
      pathSecretFor: () => undefined,
    }),
    ratchetTree,
  }
}

describe("joining", () => {
  const { inviter, joiner } = grownGroup()
  const join = (welcome: Uint8Array, options: Partial<mls.JoinOptions> = {}): mls.Joined =>
    mls.join({ crypto, welcome, keyPackages: [joiner], policy, ...options })
  const reason = (fault: Fault): mls.MlsErrorReason =>
    refusal(() => join(welcomeWith(inviter, joiner, fault).welcome))
  const parent = (draft: TreeDraft, node: number): ParentNode => {
    const found = draft.parents[node >> 1]
    assert.ok(found)
    return found
  }
  const leaf = (draft: TreeDraft, index: number): LeafNode => {
    const found = draft.leaves[index]
    assert.ok(found)
    return found
  }
  const withUnmerged = (p: ParentNode, unmerged: ReadonlyArray<number>): ParentNode =>
    makeParentNode(p.publicKey, p.parentHash, unmerged)

  it("works with a consistent tree, and tells who invited", () => {
    const joined = join(welcomeWith(inviter, joiner, {}).welcome)
    assert.equal(joined.group.ownLeaf, 6)
    assert.equal(new TextDecoder().decode(joined.inviter.identity), "b")
    assert.equal(joined.keyPackage, joiner)
    assert.ok(inviter.tree.parents.some((p) => (p?.unmergedLeaves.length ?? 0) > 0))
  })

  it("takes the tree from beside, and asks for it", () => {
    const { welcome, ratchetTree } = welcomeWith(inviter, joiner, { beside: true })
    assert.equal(refusal(() => join(welcome)), "missing-tree")
    assert.equal(join(welcome, { ratchetTree }).group.ownLeaf, 6)
    const other = welcomeWith(inviter, joiner, {
      beside: true,
      tree: (d) => d.setLeaf(4, undefined),
    })
    assert.equal(
      refusal(() => join(welcome, { ratchetTree: other.ratchetTree })),
      "invalid-tree",
    )
    assert.equal(refusal(() => join(welcome, { ratchetTree: utf8("tree") })), "malformed")
  })

  it("is refused when the Welcome is for somebody else", () => {
    const { welcome } = welcomeWith(inviter, joiner, {})
    const keyPackages = [keyPackage(entropy, "g")]
    assert.equal(refusal(() => join(welcome, { keyPackages })), "not-for-us")
    assert.deepEqual(mls.welcomeRefs(welcome), [joiner.ref])
    const wrongKey = { ...joiner, initKey: joiner.leafKey }
    assert.equal(
      refusal(() => join(welcome, { keyPackages: [wrongKey] })),
      "decryption-failed",
    )
  })

  it("is refused when GroupInfo does not fit", () => {
    assert.equal(reason({ tag: new Uint8Array(32) }), "bad-confirmation-tag")
    assert.equal(reason({ signer: 0 }), "bad-signature")
    assert.equal(reason({ signer: 7 }), "invalid-group-info")
    assert.equal(reason({ signer: 0xffff_ffff }), "invalid-group-info")
    assert.equal(
      reason({ context: (c) => ({ ...c, treeHash: new Uint8Array(32) }) }),
      "invalid-tree",
    )
    assert.equal(reason({ context: (c) => ({ ...c, cipherSuite: 3 }) }), "unsupported")
    assert.equal(reason({ context: (c) => ({ ...c, version: 2 }) }), "unsupported")
    // Leaves are bound to their group.
    assert.equal(reason({ context: (c) => ({ ...c, groupId: utf8("other") }) }), "bad-signature")
    assert.equal(
      reason({
        context: (c) => ({
          ...c,
          extensions: [...c.extensions, { type: 0x4321, data: utf8("") }],
        }),
      }),
      "invalid-leaf",
    )
  })

  it("is refused when our leaf is not in the tree, or signed the GroupInfo", () => {
    const other = keyPackage(entropy, "g").keyPackage.leafNode
    assert.equal(reason({ tree: (d) => d.setLeaf(6, other) }), "invalid-group-info")
    const own = { ...inviter, ownLeaf: 6, keys: { ...inviter.keys } }
    const signing = crypto.importSigningKey(joiner.signatureSeed.bytes)
    Object.assign(own.keys, { signature: { signingKey: () => signing } })
    const { welcome } = welcomeWith(own as GroupState, joiner, {})
    assert.equal(refusal(() => join(welcome)), "invalid-group-info")
  })

  it("is refused with unmerged leaves that cannot be", () => {
    const root = 7
    const cases: Array<(d: TreeDraft) => void> = [
      (d) => d.setParent(root, withUnmerged(parent(d, root), [5, 6, 7])),
      (d) => d.setParent(root, withUnmerged(parent(d, root), [6, 5])),
      (d) => d.setParent(root, withUnmerged(parent(d, root), [5, 5, 6])),
      (d) => d.setParent(root, withUnmerged(parent(d, root), [5, 6, 9])),
      // Known to the root only, although node 3 in between is not blank.
      (d) => d.setParent(root, withUnmerged(parent(d, root), [0, 5, 6])),
    ]
    for (const tree of cases) assert.equal(reason({ tree }), "invalid-tree")
  })

  it("is refused with parent hashes that do not link", () => {
    for (const node of [1, 3, 5, 7]) {
      assert.equal(
        reason({
          tree: (d) => {
            const { publicKey, unmergedLeaves } = parent(d, node)
            d.setParent(node, makeParentNode(publicKey, new Uint8Array(32), unmergedLeaves))
          },
        }),
        "invalid-tree",
      )
      assert.equal(
        reason({
          tree: (d) => {
            const { parentHash, unmergedLeaves } = parent(d, node)
            const publicKey = crypto.x25519PublicKey(entropy.bytes(32))
            d.setParent(node, makeParentNode(publicKey, parentHash, unmergedLeaves))
          },
        }),
        "invalid-tree",
      )
    }
    // A parent that nobody's path put there.
    assert.equal(
      reason({
        tree: (d) => {
          const publicKey = crypto.x25519PublicKey(entropy.bytes(32))
          d.setParent(9, makeParentNode(publicKey, new Uint8Array(0), []))
        },
      }),
      "invalid-tree",
    )
  })

  it("is refused with leaves that are not valid where they are", () => {
    // Somebody else's place, somebody else's key, less support.
    const moved = keyPackage(entropy, "m").keyPackage.leafNode
    const damaged = { ...moved, signature: moved.signature.map((b) => b ^ 1) }
    const bytes = moved.bytes.slice()
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
    assert.equal(
      reason({ tree: (d) => d.setLeaf(5, { ...damaged, bytes }) }),
      "bad-signature",
    )
    assert.equal(
      reason({ tree: (d) => d.setLeaf(5, leaf(d, 6)) }),
      "duplicate-key",
    )
    const old = keyPackage(entropy, "o", {
      capabilities: { ...capabilities, versions: [2] },
    }).keyPackage.leafNode
    assert.equal(reason({ tree: (d) => d.setLeaf(5, old) }), "invalid-leaf")
    const poor = keyPackage(entropy, "h", {
      capabilities: { ...capabilities, proposals: [] },
    }).keyPackage.leafNode
    assert.equal(reason({ tree: (d) => d.setLeaf(5, poor) }), "invalid-leaf")
    const seed = keyPackage(entropy, "i", {
      signatureSeed: inviter.keys.signature.bytes.slice(),
    }).keyPackage.leafNode
    assert.equal(reason({ tree: (d) => d.setLeaf(5, seed) }), "duplicate-key")
    const unsigned = encodeUnsignedLeafNode({
      ...moved,
      capabilities: { ...capabilities, credentials: [1, 2] },
      credential: { type: 2, content: new Uint8Array(0) },
    })
    const signature = crypto.sign(
      crypto.importSigningKey(entropy.bytes(32)),
      utf8("never verified: the others do not support this credential"),
    )
    const x509 = decodeLeafNode(encodeTls((w) => w.opaque(unsigned).opaqueV(signature)))
    assert.equal(reason({ tree: (d) => d.setLeaf(5, x509) }), "invalid-leaf")
  })

  it("never looks at the lifetimes of leaves in the tree", () => {
    const old = keyPackage(entropy, "k", { lifetime: { notBefore: 0n, notAfter: 1n } })
    const founder = foundGroup(entropy, "a", contextExtensions())
    const k = keyPackage(entropy, "l", { lifetime: { notBefore: 0n, notAfter: 1n } })
    const made = mls.commit(founder, {
      entropy,
      proposals: [old, k].map((o) => ({ type: "add", keyPackage: o.keyPackage })),
    })
    const joined = mls.join({
      crypto,
      welcome: made.welcome as Uint8Array,
      keyPackages: [k],
      policy,
    })
    assert.equal(joined.group.stateId, made.next.stateId)
  })
})
