import { describe, it } from "node:test"
import assert from "node:assert/strict"
import { encodeTls } from "../../src/codec/tls.ts"
import { checkKnownExtensions } from "../../src/mls/known_extensions.ts"
import * as mls from "../../src/mls/mod.ts"
import {
  capabilities,
  contextExtensions,
  crypto,
  foundGroup,
  keyPackage,
  policy,
  refusal,
  seededEntropy,
  utf8,
} from "./group_fixture.ts"

const entropy = seededEntropy("known extensions")
const none: Uint8Array = new Uint8Array(0)
const vector = encodeTls((w) => w.opaqueV(utf8("x")))
const dictionary = mls.appDataDictionaryExtension([{ componentId: 1, data: utf8("x") }])
const unsorted = encodeTls((w) =>
  w.vector([9, 3], (w, componentId) => w.u16(componentId).opaqueV(none))
)
const sender = encodeTls((w) => w.framed((w) => w.opaqueV(utf8("key")).u16(1).opaqueV(utf8("me"))))
const { requiredCapabilities, ratchetTree, externalPub } = mls.ExtensionType
const { applicationId, externalSenders, appDataDictionary, lastResort } = mls.ExtensionType

const places = ["leafNode", "keyPackage", "groupContext", "groupInfo"] as const
const valid: ReadonlyArray<readonly [number, Uint8Array, ReadonlyArray<string>]> = [
  [applicationId, vector, ["leafNode"]],
  [ratchetTree, none, ["groupInfo"]],
  [requiredCapabilities, new Uint8Array(3), ["groupContext"]],
  [externalPub, vector, ["groupInfo"]],
  [externalSenders, sender, ["groupContext"]],
  [externalSenders, new Uint8Array(1), ["groupContext"]],
  [appDataDictionary, dictionary.data, places],
  [lastResort, none, ["keyPackage"]],
  [0xff01, utf8("anything"), places],
  [0x0a0a, utf8("GREASE"), places],
]
const malformed: ReadonlyArray<readonly [number, Uint8Array]> = [
  [applicationId, none],
  [applicationId, Uint8Array.of(...vector, 0)],
  [requiredCapabilities, new Uint8Array(2)],
  [requiredCapabilities, new Uint8Array(4)],
  [externalPub, Uint8Array.of(...vector, 0)],
  [externalSenders, sender.subarray(0, -1)],
  [externalSenders, Uint8Array.of(4, 0, 0, 1, 9)],
  [externalSenders, Uint8Array.of(...sender, 0)],
  [appDataDictionary, none],
  [appDataDictionary, Uint8Array.of(...dictionary.data, 0)],
  [lastResort, Uint8Array.of(0)],
]

describe("known extensions", () => {
  it("stand where the registry says, and nowhere else", () => {
    for (const [type, data, allowed] of valid) {
      for (const place of places) {
        const check = (): void => checkKnownExtensions([{ type, data }], place, "invalid-argument")
        if (allowed.includes(place)) check()
        else assert.equal(refusal(check), "invalid-argument", `${type} in ${place}`)
      }
    }
  })

  it("hold what they should hold", () => {
    for (const [type, data] of malformed) {
      const place = valid.find(([t]) => t === type)?.[2][0] as (typeof places)[number]
      const check = (): void => checkKnownExtensions([{ type, data }], place, "invalid-argument")
      assert.equal(refusal(check), "malformed", `${type}`)
    }
    const check = (): void =>
      checkKnownExtensions([{ type: appDataDictionary, data: unsorted }], "leafNode", "policy")
    assert.equal(refusal(check), "invalid-app-data")
  })

  it("occur once", () => {
    const twice = [{ type: 0xff01, data: none }, { type: 0xff01, data: none }]
    assert.equal(refusal(() => checkKnownExtensions(twice, "groupInfo", "policy")), "malformed")
  })
})

describe("extensions of a KeyPackage", () => {
  const all = { ...capabilities, extensions: [0, 6, 10, 0x0a0a, 0xff01] }
  const reason = (options: Partial<mls.GenerateKeyPackageOptions>): string => {
    const { message } = keyPackage(entropy, "k", { capabilities: all, ...options })
    try {
      mls.parseKeyPackage(crypto, message, {})
      return "accepted"
    } catch (error) {
      assert.ok(error instanceof mls.MlsError)
      return error.reason
    }
  }
  const outer = (type: number, data = none): string =>
    reason({ keyPackageExtensions: [{ type, data }] })
  const leaf = (type: number, data = none): string => reason({ leafExtensions: [{ type, data }] })

  it("are listed in the capabilities of its leaf, unless they are defaults", () => {
    assert.equal(outer(0xff01), "accepted")
    assert.equal(outer(0x0a0a), "accepted")
    assert.equal(outer(0xff02), "invalid-key-package")
    assert.equal(outer(0x1a1a), "invalid-key-package")
    assert.equal(leaf(0xff01), "accepted")
    assert.equal(leaf(0xff02), "invalid-leaf")
    assert.equal(leaf(applicationId, vector), "accepted")
    // The reserved type 0 is no default.
    assert.equal(leaf(0), "accepted")
    assert.equal(
      reason({
        capabilities: { ...all, extensions: [6] },
        leafExtensions: [{ type: 0, data: none }],
      }),
      "invalid-leaf",
    )
  })

  it("are known to belong there", () => {
    assert.equal(outer(appDataDictionary, Uint8Array.of(3, 0, 4, 0)), "accepted")
    assert.equal(outer(lastResort), "accepted")
    assert.equal(outer(ratchetTree), "invalid-key-package")
    assert.equal(outer(applicationId, vector), "invalid-key-package")
    assert.equal(outer(appDataDictionary, unsorted), "invalid-app-data")
    for (const type of [ratchetTree, requiredCapabilities, externalPub, externalSenders, 10]) {
      assert.equal(leaf(type), "invalid-leaf")
    }
    assert.equal(leaf(appDataDictionary, utf8("?")), "malformed")
    assert.equal(leaf(appDataDictionary, unsorted), "invalid-app-data")
  })
})

describe("extensions of a GroupInfo", () => {
  it("are checked by who joins", () => {
    const founder = foundGroup(entropy, "a")
    const reason = (extension: mls.Extension): string => {
      const joiner = keyPackage(entropy, "b")
      const { welcome } = mls.commit(founder, {
        entropy,
        policy,
        proposals: [{ type: "add", keyPackage: joiner.keyPackage }],
        groupInfoExtensions: [extension],
      })
      assert.ok(welcome)
      try {
        const joined = mls.join({ crypto, welcome, keyPackages: [joiner], policy })
        assert.deepEqual(joined.groupInfoExtensions[0], extension)
        return "accepted"
      } catch (error) {
        assert.ok(error instanceof mls.MlsError)
        return error.reason
      }
    }
    assert.equal(reason(dictionary), "accepted")
    assert.equal(reason({ type: 0xff05, data: utf8("?") }), "accepted")
    assert.equal(reason({ type: externalPub, data: vector }), "accepted")
    assert.equal(reason({ type: appDataDictionary, data: unsorted }), "invalid-app-data")
    for (const type of [applicationId, requiredCapabilities, externalSenders, lastResort]) {
      assert.equal(reason({ type, data: none }), "invalid-group-info")
    }
  })
})

describe("extensions of a GroupContext", () => {
  it("are checked when they are proposed, committed or founded", () => {
    const [required, kept] = contextExtensions() as [mls.Extension, mls.Extension]
    const founder = foundGroup(entropy, "a")
    for (
      const [extension, expected] of [
        [{ type: externalSenders, data: utf8("?") }, "malformed"],
        [{ type: applicationId, data: vector }, "invalid-proposal"],
        [{ type: lastResort, data: none }, "invalid-proposal"],
        [required, "malformed"],
      ] as const
    ) {
      const extensions = [required, kept, extension]
      const proposal = { type: "groupContextExtensions", extensions } as const
      assert.equal(refusal(() => mls.commit(founder, { entropy, proposals: [proposal] })), expected)
      assert.equal(refusal(() => mls.propose(founder, proposal, { entropy })), expected)
      assert.equal(refusal(() => foundGroup(entropy, "b", extensions)), expected)
    }
    const senders = { type: externalSenders, data: sender }
    const made = mls.commit(founder, {
      entropy,
      proposals: [{ type: "groupContextExtensions", extensions: [required, kept, senders] }],
    })
    assert.deepEqual(made.next.extensions.at(-1), senders)
  })
})
