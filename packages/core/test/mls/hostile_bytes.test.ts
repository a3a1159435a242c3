import { describe, it } from "node:test"
import assert from "node:assert/strict"
import { TlsWriter } from "../../src/codec/tls.ts"
import { framedContentTbs } from "../../src/mls/framed_content.ts"
import { type MlsGroup, stateOf } from "../../src/mls/group.ts"
import { signWithLabel } from "../../src/mls/labeled.ts"
import { decodeMlsMessage } from "../../src/mls/mls_message.ts"
import * as mls from "../../src/mls/mod.ts"
import { membershipTag } from "../../src/mls/public_message.ts"
import {
  Choices,
  contextExtensions,
  crypto,
  groupOfNames,
  keyPackage,
  policy,
  seededEntropy,
  utf8,
} from "./group_fixture.ts"

const entropy = seededEntropy("hostile bytes")
const [a, b] = groupOfNames(entropy, ["a", "b", "c"], { path: "force" }) as [MlsGroup, MlsGroup]

/** Frames content bytes as they are, with a valid signature and membership tag of `a`. */
function resign(content: Uint8Array, isCommit: boolean): Uint8Array {
  const state = stateOf(a)
  const tbs = framedContentTbs(1, content, state.contextBytes)
  const auth = {
    signature: signWithLabel(
      crypto,
      state.keys.signature.signingKey(crypto),
      "FramedContentTBS",
      tbs,
    ),
    confirmationTag: isCommit ? new Uint8Array(32) : undefined,
  }
  const w = new TlsWriter().u16(1).u16(1).opaque(content).opaqueV(auth.signature)
  if (auth.confirmationTag !== undefined) w.opaqueV(auth.confirmationTag)
  return w.opaqueV(membershipTag(crypto, state.secrets.membership.bytes, tbs, auth)).finish()
}

function contentOf(message: Uint8Array): Uint8Array {
  const decoded = decodeMlsMessage(message)
  assert.ok(decoded.wireFormat === "publicMessage")
  return decoded.message.content.bytes
}

describe("content that a member changed and signed again", () => {
  const adds = (): mls.InlineProposal => ({
    type: "add",
    keyPackage: keyPackage(entropy, "new").keyPackage,
  })
  const data: mls.InlineProposal = {
    type: "appDataUpdate",
    componentId: 0x8001,
    update: utf8("value"),
  }
  const [required, dictionary] = contextExtensions() as [mls.Extension, mls.Extension]
  const commits = [
    mls.commit(a, { entropy, policy, proposals: [adds(), data] }),
    mls.commit(a, { entropy, policy, proposals: [{ type: "remove", leafIndex: 2 }, adds()] }),
    mls.commit(a, {
      entropy,
      policy,
      proposals: [{ type: "groupContextExtensions", extensions: [dictionary, required] }, data],
    }),
  ].map((m) => contentOf(m.message))
  const proposals = [
    mls.propose(a, { type: "update" }, { entropy }),
    mls.propose(a, adds(), { entropy, policy }),
    mls.propose(a, { type: "groupContextExtensions", extensions: [required, dictionary] }, {
      entropy,
    }),
  ].map((m) => contentOf(m.message))

  it("is refused with a reason, or is a proposal that stands on its own", () => {
    const before = mls.encodeState(b)
    const choose = new Choices("hostile bytes")
    const reasons = new Map<string, number>()
    for (let i = 0; i < 3000; i++) {
      const isCommit = choose.chance(60)
      const content = choose.pick(isCommit ? commits : proposals).slice()
      for (let n = 1 + choose.below(3); n > 0; n--) {
        const at = choose.below(content.length)
        content[at] = choose.chance(50) ? choose.below(256) : (content[at] as number) ^ 1
      }
      if (choose.chance(10)) content.copyWithin(choose.below(content.length), choose.below(40))
      let reason = "accepted"
      try {
        const result = mls.processMessage(b, resign(content, isCommit), policy)
        assert.equal(result.kind, "proposal")
      } catch (error) {
        if (!(error instanceof mls.MlsError)) throw new Error(`case ${i}`, { cause: error })
        reason = error.reason
      }
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
    assert.deepEqual(mls.encodeState(b), before)
    assert.ok(reasons.size > 8, [...reasons.keys()].join())
  })
})

describe("a member whose key takes no secret", () => {
  it("does not keep others from committing", () => {
    // Point of small order: nothing can be encrypted to it.
    const state = stateOf(b)
    const leaf = state.tree.leaves[2]
    assert.ok(leaf)
    const leaves = state.tree.leaves.slice()
    leaves[2] = { ...leaf, encryptionKey: new Uint8Array(32) }
    const broken = { ...state, tree: { ...state.tree, leaves } }
    const group = mls.decodeState({ crypto, parts: mls.encodeState(b) })
    Object.assign(stateOf(group), { tree: broken.tree })
    const made = mls.commit(group, { entropy })
    assert.equal(made.preview.hasPath, true)
    assert.equal(made.next.memberCount, 3)
  })
})

describe("SafeAAD", () => {
  it("is asked for only where the group context says so", () => {
    const dictionary = mls.appDataDictionaryExtension([
      { componentId: mls.ComponentId.safeAad, data: Uint8Array.of(0) },
    ])
    const [required] = contextExtensions() as [mls.Extension]
    const aad = mls.encodeSafeAad([
      { componentId: 9, data: utf8("nine") },
      { componentId: 3, data: utf8("three") },
    ])
    assert.deepEqual(mls.decodeSafeAad(Uint8Array.of(...aad, 7)), {
      items: [
        { componentId: 3, data: utf8("three") },
        { componentId: 9, data: utf8("nine") },
      ],
      rest: Uint8Array.of(7),
    })
    const one = keyPackage(entropy, "x")
    const founder = mls.createGroup({
      crypto,
      entropy,
      groupId: utf8("g"),
      creator: keyPackage(entropy, "y"),
      extensions: [required, dictionary],
    })
    assert.ok(mls.usesSafeAad(founder.context) && !mls.usesSafeAad(a.context))
    const proposals: Array<mls.InlineProposal> = [{ type: "add", keyPackage: one.keyPackage }]
    assert.throws(() => mls.commit(founder, { entropy, policy, proposals }), {
      reason: "malformed",
    })
    const made = mls.commit(founder, { entropy, policy, proposals, authenticatedData: aad })
    const joined = mls.join({
      crypto,
      welcome: made.welcome as Uint8Array,
      keyPackages: [one],
    }).group
    assert.throws(() => mls.seal(made.next, utf8("m"), { entropy }), { reason: "malformed" })
    const sealed = mls.seal(made.next, utf8("m"), { entropy, authenticatedData: aad })
    assert.equal(mls.processMessage(joined, sealed.message).kind, "application")
    assert.ok(mls.seal(a, utf8("m"), { entropy }))
  })
})
