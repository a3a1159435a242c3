import { describe, it } from "node:test"
import assert from "node:assert/strict"
import { encodeTls } from "../../src/codec/tls.ts"
import { signWithLabel } from "../../src/mls/labeled.ts"
import { stateOf } from "../../src/mls/group.ts"
import * as mls from "../../src/mls/mod.ts"
import { systemEntropy } from "../../src/services/entropy.ts"
import { freshLeafKeys, signOwnLeaf } from "../../src/mls/own_leaf.ts"
import type { LeafNode } from "../../src/mls/leaf_node.ts"
import {
  capabilities,
  contextExtensions,
  crypto,
  foundGroup,
  groupOfNames,
  keyPackage,
  lifetime,
  now,
  policy,
  refusal,
  seededEntropy,
  utf8,
} from "./group_fixture.ts"
import { badPath, inline, sendCommit, sendProposal } from "./hostile_member.ts"

const entropy = seededEntropy("validation")
const [a, b, c, d] = groupOfNames(entropy, ["a", "b", "c", "d"], { path: "force" }) as [
  mls.MlsGroup,
  mls.MlsGroup,
  mls.MlsGroup,
  mls.MlsGroup,
]

/** A commit of a hostile member as b reads it. */
function commitReason(
  proposals: ReadonlyArray<mls.Proposal>,
  path: "none" | "good" = "none",
): mls.MlsErrorReason {
  const message = sendCommit(a, {
    proposals: inline(...proposals),
    path: path === "good" ? badPath(a, {}) : undefined,
  })
  const before = mls.encodeState(b)
  const reason = refusal(() => mls.processMessage(b, message, policy))
  assert.deepEqual(mls.encodeState(b), before)
  return reason
}

function added(
  options: Partial<mls.GenerateKeyPackageOptions> = {},
  name = "new",
): mls.Proposal {
  return { type: "add", keyPackage: keyPackage(entropy, name, options).keyPackage }
}

/** An Update proposal's leaf, signed by a member. */
function updateLeaf(
  group: mls.MlsGroup,
  patch: mls.LeafPatch,
  source: mls.LeafNodeSource = { kind: "update" },
): LeafNode {
  const state = stateOf(group)
  return signOwnLeaf(
    crypto,
    state.tree.leaves[state.ownLeaf] as LeafNode,
    patch,
    freshLeafKeys(systemEntropy, undefined),
    state.keys.signature.signingKey(crypto),
    source,
    group.groupId,
    group.ownLeaf,
  )
}

describe("proposal lists of a commit", () => {
  const dictionary = (name: string): mls.Extension =>
    mls.appDataDictionaryExtension([{ componentId: 0x8001, data: utf8(name) }])
  const data = (componentId: number, update?: Uint8Array): mls.Proposal =>
    update === undefined
      ? { type: "appDataUpdate", componentId }
      : { type: "appDataUpdate", componentId, update }
  const gce = (...extensions: ReadonlyArray<mls.Extension>): mls.Proposal => ({
    type: "groupContextExtensions",
    extensions,
  })
  const [required] = contextExtensions() as [mls.Extension]

  it("refuse what cannot be inside of a commit", () => {
    assert.equal(commitReason([{ type: "selfRemove" }], "good"), "invalid-proposal-list")
    const update: mls.Proposal = { type: "update", leafNode: updateLeaf(a, {}) }
    assert.equal(commitReason([update], "good"), "invalid-proposal-list")
    assert.equal(commitReason([{ type: "externalInit", kemOutput: new Uint8Array(32) }]), "policy")
    assert.equal(
      commitReason([{ type: "appEphemeral", componentId: 1, data: new Uint8Array(0) }]),
      "policy",
    )
    assert.equal(
      commitReason([
        { type: "reInit", groupId: utf8("x"), version: 1, cipherSuite: 1, extensions: [] },
      ]),
      "policy",
    )
    assert.equal(
      commitReason([
        { type: "psk", id: { kind: "external", id: utf8("x"), nonce: new Uint8Array(32) } },
      ]),
      "policy",
    )
  })

  it("refuse a committer that removes itself, double and blank targets", () => {
    assert.equal(commitReason([{ type: "remove", leafIndex: 0 }], "good"), "invalid-proposal-list")
    const twice: mls.Proposal = { type: "remove", leafIndex: 3 }
    assert.equal(commitReason([twice, twice], "good"), "invalid-proposal-list")
    assert.equal(commitReason([{ type: "remove", leafIndex: 4 }], "good"), "invalid-proposal")
    assert.equal(
      commitReason([{ type: "remove", leafIndex: 0xffff_ffff }], "good"),
      "invalid-proposal",
    )
  })

  it("ask for a path where one is needed", () => {
    assert.equal(commitReason([]), "invalid-commit")
    assert.equal(commitReason([{ type: "remove", leafIndex: 3 }]), "invalid-commit")
    assert.equal(commitReason([gce(required, dictionary("name"))]), "invalid-commit")
    // Nothing but the arbitrary tag is wrong with these.
    assert.equal(commitReason([added()]), "bad-confirmation-tag")
    assert.equal(commitReason([data(0x8001, utf8("n"))]), "bad-confirmation-tag")
  })

  it("refuse duplicate keys among new and old leaves", () => {
    const one = added()
    assert.equal(commitReason([one, one]), "duplicate-key")
    const seed = entropy.bytes(32)
    assert.equal(
      commitReason([added({ signatureSeed: seed }, "x"), added({ signatureSeed: seed }, "y")]),
      "duplicate-key",
    )
    const known = stateOf(c).keys.signature.bytes.slice()
    assert.equal(commitReason([added({ signatureSeed: known })]), "duplicate-key")
  })

  it("accept the key of a leaf that the same commit removes", () => {
    const known = stateOf(d).keys.signature.bytes.slice()
    const made = mls.commit(a, {
      entropy,
      policy,
      proposals: [
        { type: "add", keyPackage: keyPackage(entropy, "d", { signatureSeed: known }).keyPackage },
        { type: "remove", leafIndex: 3 },
      ],
    })
    const result = mls.processMessage(b, made.message, policy)
    assert.ok(result.kind === "commit" && result.next !== undefined)
    const gone = mls.processMessage(d, made.message, policy)
    assert.ok(gone.kind === "commit" && gone.preview.ownRemoval && gone.next === undefined)
  })

  it("refuse KeyPackages that are not valid here", () => {
    const without = { ...capabilities, proposals: [8] }
    assert.equal(commitReason([added({ capabilities: without })]), "invalid-leaf")
    assert.equal(
      commitReason([added({ capabilities: { ...capabilities, versions: [2] } })]),
      "invalid-leaf",
    )
    assert.equal(
      commitReason([added({ capabilities: { ...capabilities, credentials: [2] } })]),
      "invalid-leaf",
    )
    assert.equal(
      commitReason([added({ leafExtensions: [{ type: 0x4444, data: utf8("") }] })]),
      "invalid-leaf",
    )
  })

  it("apply the lifetime policy that they are given and no other", () => {
    const long = { notBefore: 0n, notAfter: mls.MARMOT_MAX_LIFETIME + 1n }
    assert.equal(commitReason([added({ lifetime: long })]), "invalid-lifetime")
    const past = { notBefore: 10n, notAfter: now - 1n }
    assert.equal(commitReason([added({ lifetime: past })]), "invalid-lifetime")
    const message = sendCommit(a, {
      proposals: inline(added({ lifetime: past }), added({ lifetime: long }, "y")),
      path: undefined,
    })
    assert.equal(refusal(() => mls.processMessage(b, message, {})), "bad-confirmation-tag")
    const exact = { notBefore: now, notAfter: now + mls.MARMOT_MAX_LIFETIME }
    assert.equal(commitReason([added({ lifetime: exact })]), "bad-confirmation-tag")
  })

  it("check GroupContextExtensions", () => {
    const name = dictionary("name")
    assert.equal(
      commitReason([gce(required, name), gce(required, name)], "good"),
      "invalid-proposal-list",
    )
    assert.equal(commitReason([gce(required, dictionary("other"))], "good"), "invalid-app-data")
    assert.equal(commitReason([gce(required)], "good"), "invalid-app-data")
    assert.equal(
      commitReason([gce(required, name, { type: 0x5555, data: utf8("") })], "good"),
      "invalid-leaf",
    )
    const more = mls.requiredCapabilitiesExtension({
      extensions: [6],
      proposals: [8, 10, 99],
      credentials: [],
    })
    assert.equal(commitReason([gce(more, name)], "good"), "invalid-leaf")
    assert.equal(
      commitReason([gce({ type: 3, data: utf8("x") }, name)], "good"),
      "malformed",
    )
    assert.equal(commitReason([gce(required, name, name)], "good"), "malformed")
    assert.equal(
      commitReason([gce(required, name, { type: 2, data: utf8("") })], "good"),
      "invalid-proposal",
    )
  })

  it("check dictionary updates", () => {
    const update = data(0x8001, utf8("n"))
    assert.equal(commitReason([update, update]), "invalid-app-data")
    assert.equal(commitReason([update, data(0x8001)]), "invalid-app-data")
    assert.equal(commitReason([data(0x9999)]), "invalid-app-data")
    assert.equal(
      commitReason([update, gce(required, dictionary("name"))], "good"),
      "invalid-proposal-list",
    )
    assert.equal(commitReason([data(0x8001)]), "bad-confirmation-tag")
  })

  it("refuse unknown references, and both ways to remove one leaf", () => {
    const ref = sendProposal(c, { type: "selfRemove" }).ref
    const message = sendCommit(a, { proposals: [{ kind: "reference", ref }], path: badPath(a, {}) })
    assert.equal(refusal(() => mls.processMessage(b, message, policy)), "unknown-proposal")
    const leave = sendProposal(c, { type: "selfRemove" })
    const got = mls.processMessage(b, leave.message, policy)
    assert.ok(got.kind === "proposal")
    for (
      const extra of [
        inline({ type: "remove", leafIndex: 2 }),
        [{ kind: "reference", ref: leave.ref } as const],
      ]
    ) {
      const both = sendCommit(a, {
        proposals: [{ kind: "reference", ref: leave.ref }, ...extra],
        path: badPath(a, {}),
      })
      assert.equal(
        refusal(() => mls.processMessage(got.group, both, policy)),
        "invalid-proposal-list",
      )
    }
    const own = sendCommit(c, {
      proposals: [{ kind: "reference", ref: leave.ref }],
      path: badPath(c, {}),
    })
    assert.equal(
      refusal(() => mls.processMessage(got.group, own, policy)),
      "invalid-proposal-list",
    )
  })
})

describe("update paths", () => {
  const read = (path: ReturnType<typeof badPath>): mls.MlsErrorReason => {
    const message = sendCommit(a, { proposals: [], path })
    return refusal(() => mls.processMessage(b, message, policy))
  }
  const first = stateOf(a).tree.parents[0]
  assert.ok(first)

  it("are right but for the tag when nothing is changed", () => {
    assert.equal(read(badPath(a, {})), "bad-confirmation-tag")
  })

  it("are refused with a wrong shape", () => {
    assert.equal(
      read(badPath(a, { change: (p) => ({ ...p, nodes: p.nodes.slice(1) }) })),
      "invalid-commit",
    )
    assert.equal(
      read(badPath(a, { change: (p) => ({ ...p, nodes: [...p.nodes, ...p.nodes.slice(0, 1)] }) })),
      "invalid-commit",
    )
    assert.equal(
      read(badPath(a, {
        change: (p) => ({
          ...p,
          nodes: p.nodes.map((n) => ({ ...n, secrets: [...n.secrets, ...n.secrets] })),
        }),
      })),
      "invalid-commit",
    )
  })

  it("are refused with a wrong parent hash or leaf source", () => {
    assert.equal(read(badPath(a, { parentHash: new Uint8Array(32) })), "invalid-commit")
    assert.equal(read(badPath(a, { parentHash: new Uint8Array(0) })), "invalid-commit")
    assert.equal(
      read(badPath(a, { change: (p) => ({ ...p, leafNode: updateLeaf(a, {}) }) })),
      "invalid-leaf",
    )
  })

  it("are refused with keys that are not fresh", () => {
    assert.equal(
      read(badPath(a, { leafKey: stateOf(a).keys.leaf.bytes.slice() })),
      "duplicate-key",
    )
    assert.equal(
      read(badPath(a, { publicKeys: (keys) => keys.map(() => keys[0] as Uint8Array) })),
      "duplicate-key",
    )
    assert.equal(
      read(badPath(a, { publicKeys: (keys) => [first.publicKey, ...keys.slice(1)] })),
      "duplicate-key",
    )
  })

  it("are refused when the secrets do not give the public keys", () => {
    assert.equal(
      read(badPath(a, {
        publicKeys: (keys) => keys.map(() => crypto.x25519PublicKey(entropy.bytes(32))),
      })),
      "invalid-commit",
    )
    assert.equal(
      read(badPath(a, {
        change: (p) => ({
          ...p,
          nodes: p.nodes.map((n) => ({
            ...n,
            secrets: n.secrets.map((s) => ({ ...s, ciphertext: new Uint8Array(48) })),
          })),
        }),
      })),
      "decryption-failed",
    )
  })

  it("are refused when the leaf becomes somebody else, or supports less", () => {
    assert.equal(
      read(badPath(a, { patch: { credential: mls.basicCredential(utf8("mallory")) } })),
      "invalid-leaf",
    )
    assert.equal(
      read(badPath(a, { patch: { capabilities: { ...capabilities, proposals: [10] } } })),
      "invalid-leaf",
    )
  })
})

describe("proposals on their own", () => {
  const reason = (p: mls.Proposal, wireFormat: "public" | "private" = "public"): string =>
    refusal(() => mls.processMessage(b, sendProposal(a, p, wireFormat).message, policy))

  it("are refused when they can never be committed", () => {
    assert.equal(reason({ type: "selfRemove" }, "private"), "invalid-proposal")
    assert.equal(reason({ type: "remove", leafIndex: 9 }), "invalid-proposal")
    assert.equal(
      reason({ type: "update", leafNode: updateLeaf(a, {}, { kind: "key_package", lifetime }) }),
      "invalid-leaf",
    )
    assert.equal(
      reason({
        type: "update",
        leafNode: updateLeaf(a, { credential: mls.basicCredential(utf8("z")) }),
      }),
      "invalid-leaf",
    )
    const state = stateOf(a)
    const sameKey = signOwnLeaf(
      crypto,
      state.tree.leaves[0] as LeafNode,
      undefined,
      { leafKey: state.keys.leaf, signatureSeed: undefined },
      state.keys.signature.signingKey(crypto),
      { kind: "update" },
      a.groupId,
      0,
    )
    assert.equal(reason({ type: "update", leafNode: sameKey }), "duplicate-key")
    // Signed for leaf 2, sent by leaf 0.
    assert.equal(
      reason({ type: "update", leafNode: updateLeaf(c, {}) }),
      "invalid-leaf",
    )
    assert.equal(reason({ type: "externalInit", kemOutput: new Uint8Array(32) }), "policy")
  })

  it("are kept once, up to the limit", () => {
    const { message } = sendProposal(a, { type: "remove", leafIndex: 3 })
    const one = mls.processMessage(b, message, policy)
    assert.ok(one.kind === "proposal" && !one.repeated)
    const two = mls.processMessage(one.group, message, policy)
    assert.ok(two.kind === "proposal" && two.repeated && two.group === one.group)
    assert.equal(two.group.proposals().length, 1)
    const small = mls.decodeState({
      crypto,
      parts: mls.encodeState(one.group),
      limits: { pendingProposals: 1 },
    })
    const other = sendProposal(c, { type: "remove", leafIndex: 3 }).message
    assert.equal(refusal(() => mls.processMessage(small, other, policy)), "policy")
  })

  it("are committed by the strongest for each leaf", () => {
    let group = b
    const take = (message: Uint8Array): void => {
      const result = mls.processMessage(group, message, policy)
      assert.ok(result.kind === "proposal")
      group = result.group
    }
    take(sendProposal(c, { type: "update", leafNode: updateLeaf(c, {}) }).message)
    take(sendProposal(a, { type: "remove", leafIndex: 2 }).message)
    take(sendProposal(c, { type: "selfRemove" }).message)
    take(sendProposal(d, { type: "update", leafNode: updateLeaf(d, {}) }).message)
    const late = sendProposal(d, { type: "update", leafNode: updateLeaf(d, {}) })
    take(late.message)
    take(sendProposal(a, { type: "remove", leafIndex: 1 }).message)
    const made = mls.commit(group, { entropy, policy })
    assert.deepEqual(
      made.preview.proposals.map((p) => [p.proposal.type, p.sender]),
      [["selfRemove", 2], ["update", 3]],
    )
    assert.deepEqual(made.preview.proposals[1]?.ref, late.ref)
  })
})

describe("addressing", () => {
  it("refuses other groups, other epochs, own commits and unknown senders", () => {
    const other = groupOfNames(entropy, ["a", "b"])[0] as mls.MlsGroup
    const foreign = mls.commit(other, { entropy }).message
    assert.equal(refusal(() => mls.processMessage(b, foreign, policy)), "wrong-group")
    const made = mls.commit(a, { entropy })
    assert.equal(refusal(() => mls.processMessage(a, made.message, policy)), "own-message")
    const next = mls.processMessage(b, made.message, policy)
    assert.ok(next.kind === "commit" && next.next !== undefined)
    const after = next.next
    assert.equal(refusal(() => mls.processMessage(after, made.message, policy)), "wrong-epoch")
    const sealed = mls.seal(a, utf8("x"), { entropy })
    assert.equal(refusal(() => mls.processMessage(a, sealed.message, policy)), "own-message")
    assert.equal(refusal(() => mls.processMessage(after, sealed.message, policy)), "wrong-epoch")
  })

  it("obeys the wire format policy", () => {
    const only = (handshakes: mls.HandshakeFormats): mls.MlsPolicy => ({ ...policy, handshakes })
    const open = mls.commit(a, { entropy }).message
    const closed = mls.commit(a, { entropy, wireFormat: "private" }).message
    assert.equal(refusal(() => mls.processMessage(b, open, only("private"))), "policy")
    assert.equal(refusal(() => mls.processMessage(b, closed, only("public"))), "policy")
    assert.ok(mls.processMessage(b, open, only("public")))
    assert.ok(mls.processMessage(b, closed, only("private")))
    const sealed = mls.seal(a, utf8("x"), { entropy }).message
    assert.ok(mls.processMessage(b, sealed, only("public")))
  })

  it("tells the membership tag of this state from others of the same epoch", () => {
    const left = mls.commit(a, { entropy })
    const right = mls.commit(c, { entropy })
    const one = mls.processMessage(b, left.message, policy)
    const two = mls.processMessage(b, right.message, policy)
    assert.ok(one.kind === "commit" && one.next && two.kind === "commit" && two.next)
    assert.equal(one.next.epoch, two.next.epoch)
    assert.notEqual(one.next.stateId, two.next.stateId)
    const onLeft = mls.propose(left.next, { type: "remove", leafIndex: 3 }, { entropy }).message
    assert.equal(mls.hasMembershipTag(one.next, onLeft), true)
    assert.equal(mls.hasMembershipTag(two.next, onLeft), false)
    assert.equal(
      refusal(() => mls.processMessage(two.next as mls.MlsGroup, onLeft)),
      "bad-membership-tag",
    )
    assert.equal(mls.hasMembershipTag(b, onLeft), false)
    assert.equal(mls.hasMembershipTag(one.next, utf8("nonsense")), false)
  })
})

describe("KeyPackages", () => {
  const own = keyPackage(entropy, "kp")

  it("are parsed under a lifetime policy", () => {
    const limits = { maxSpan: mls.MARMOT_MAX_LIFETIME, now }
    const parsed = mls.parseKeyPackage(crypto, own.message, limits)
    assert.deepEqual(mls.keyPackageRef(crypto, parsed), own.ref)
    assert.deepEqual(mls.encodeKeyPackageMessage(parsed), own.message)
    const check = (lifetime: mls.LifetimePolicy): string =>
      refusal(() => mls.parseKeyPackage(crypto, own.message, lifetime))
    assert.equal(check({ now: lifetime.notAfter + 1n }), "invalid-lifetime")
    assert.equal(check({ now: lifetime.notBefore - 1n }), "invalid-lifetime")
    assert.equal(check({ maxSpan: mls.MARMOT_MAX_LIFETIME - 1n }), "invalid-lifetime")
    assert.ok(mls.parseKeyPackage(crypto, own.message, { now: lifetime.notAfter }))
  })

  it("survive storage, and refuse keys that do not fit", () => {
    const stored = mls.encodeOwnKeyPackage(own)
    const restored = mls.decodeOwnKeyPackage(crypto, stored)
    assert.deepEqual(restored.ref, own.ref)
    assert.deepEqual(restored.initKey.bytes, own.initKey.bytes)
    for (const at of [1, 40, 70]) {
      const damaged = stored.slice()
      damaged[at] = (damaged[at] as number) ^ 64
      assert.equal(
        refusal(() => mls.decodeOwnKeyPackage(crypto, damaged)),
        "invalid-key-package",
      )
    }
    const newer = stored.slice()
    newer[0] = 2
    assert.equal(refusal(() => mls.decodeOwnKeyPackage(crypto, newer)), "invalid-state")
    mls.wipeOwnKeyPackage(restored)
    assert.throws(() => restored.initKey.bytes, TypeError)
  })

  it("are refused when init key and leaf key are one", () => {
    const { leafNode } = own.keyPackage
    const signed = encodeTls((w) => {
      w.u16(1).u16(1).opaqueV(leafNode.encryptionKey).opaque(leafNode.bytes).varint(0)
    })
    const signingKey = crypto.importSigningKey(own.signatureSeed.bytes)
    const signature = signWithLabel(crypto, signingKey, "KeyPackageTBS", signed)
    const message = encodeTls((w) => w.u16(1).u16(5).opaque(signed).opaqueV(signature))
    assert.equal(refusal(() => mls.parseKeyPackage(crypto, message, {})), "duplicate-key")
  })

  it("are refused with any changed byte", () => {
    for (let i = 0; i < own.message.length; i++) {
      const damaged = own.message.slice()
      damaged[i] = (damaged[i] as number) ^ 4
      assert.ok(refusal(() => mls.parseKeyPackage(crypto, damaged, {})))
    }
  })
})

describe("founding", () => {
  it("checks extensions and the creator's capabilities", () => {
    assert.equal(
      refusal(() => foundGroup(entropy, "a", [{ type: 0x7777, data: utf8("") }])),
      "invalid-leaf",
    )
    assert.equal(
      refusal(() => foundGroup(entropy, "a", [{ type: 6, data: utf8("?") }])),
      "malformed",
    )
    const group = foundGroup(entropy, "a")
    assert.equal(group.epoch, 0n)
    assert.equal(group.memberCount, 1)
  })
})
