import { describe, it } from "node:test"
import assert from "node:assert/strict"
import fc from "fast-check"
import { DecodeError, decodeTls, encodeTls } from "../../src/codec/tls.ts"
import { readExtensions, writeExtensions } from "../../src/mls/extension.ts"
import { readCommit, writeCommit } from "../../src/mls/framed_content.ts"
import { decodeLeafNode } from "../../src/mls/leaf_node.ts"
import * as mls from "../../src/mls/mod.ts"
import { readPrivateContent } from "../../src/mls/private_message.ts"
import { decodeProposal, encodeProposal } from "../../src/mls/proposal.ts"
import { readRatchetTree } from "../../src/mls/ratchet_tree.ts"
import { keyPackage, refusal, seededEntropy, utf8 } from "./group_fixture.ts"
import { decodeHex, encodeHex } from "../../src/codec/hex.ts"

const entropy = seededEntropy("codec")
const kp = keyPackage(entropy, "a").keyPackage
// Plain objects, as decoders make them.
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>
const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const bytes = fc.uint8Array({ maxLength: 100 })
const extensions = fc.uniqueArray(record({ type: u16, data: bytes }), {
  selector: (e) => e.type,
  maxLength: 5,
})
const pskId: fc.Arbitrary<mls.PreSharedKeyId> = fc.oneof(
  record({ kind: fc.constant("external" as const), id: bytes, nonce: bytes }),
  record({
    kind: fc.constant("resumption" as const),
    usage: fc.constantFrom(1, 2, 3),
    groupId: bytes,
    epoch: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    nonce: bytes,
  }),
)
const proposal: fc.Arbitrary<mls.Proposal> = fc.oneof(
  fc.constant<mls.Proposal>({ type: "add", keyPackage: kp }),
  fc.constant<mls.Proposal>({ type: "update", leafNode: kp.leafNode }),
  record({ type: fc.constant("remove" as const), leafIndex: u32 }),
  record({ type: fc.constant("psk" as const), id: pskId }),
  record({
    type: fc.constant("reInit" as const),
    groupId: bytes,
    version: u16,
    cipherSuite: u16,
    extensions,
  }),
  record({ type: fc.constant("externalInit" as const), kemOutput: bytes }),
  record({ type: fc.constant("groupContextExtensions" as const), extensions }),
  record({ type: fc.constant("appDataUpdate" as const), componentId: u16, update: bytes }),
  record({ type: fc.constant("appDataUpdate" as const), componentId: u16 }),
  record({ type: fc.constant("appEphemeral" as const), componentId: u16, data: bytes }),
  record({ type: fc.constant("selfRemove" as const) }),
)

function malformed(decode: () => unknown): boolean {
  try {
    decode()
  } catch (error) {
    return error instanceof DecodeError ||
      (error instanceof mls.MlsError && error.reason === "malformed")
  }
  return false
}

describe("proposals and commits", () => {
  it("are the same after encoding and decoding", () => {
    fc.assert(fc.property(proposal, (p) => {
      const encoded = encodeProposal(p)
      assert.deepEqual(decodeProposal(encoded), p)
    }))
    const ref = bytes.map((ref) => ({ kind: "reference" as const, ref }))
    const item = fc.oneof(proposal.map((p) => ({ kind: "proposal" as const, proposal: p })), ref)
    fc.assert(fc.property(fc.array(item, { maxLength: 6 }), (proposals) => {
      const commit = { proposals, path: undefined }
      const encoded = encodeTls((w) => writeCommit(w, commit))
      assert.deepEqual(decodeTls(encoded, readCommit), commit)
    }))
  })

  it("have the bytes of the draft", () => {
    const hex = (p: mls.Proposal): string => encodeHex(encodeProposal(p))
    assert.equal(hex({ type: "selfRemove" }), "000a")
    assert.equal(
      hex({ type: "appDataUpdate", componentId: 0x8001, update: utf8("hi") }),
      "0008800101026869",
    )
    assert.equal(hex({ type: "appDataUpdate", componentId: 0x8001 }), "0008800102")
  })

  it("are refused when they are not canonical", () => {
    const bad = [
      "0008800101400168",
      "00088001",
      "000880010301ff",
      "0008800100",
      "00088001026869",
      "000a00",
      "0003000000",
      "000f",
      "0a0a00",
      "0004030000",
      "00040200000000",
    ]
    for (const text of bad) assert.ok(malformed(() => decodeProposal(decodeHex(text))), text)
    // A ProposalOrRef of another type, a presence byte of another value.
    assert.ok(malformed(() => decodeTls(decodeHex("0303000a00"), readCommit)))
    assert.ok(malformed(() => decodeTls(decodeHex("0020"), readCommit)))
    assert.deepEqual(decodeTls(decodeHex("0000"), readCommit), { proposals: [], path: undefined })
  })
})

describe("leaves, trees and extensions", () => {
  it("keep unknown and GREASE values", () => {
    const greased = {
      versions: [1, 0x0a0a],
      cipherSuites: [1, 0x1a1a, 77],
      extensions: [6, 0xdada],
      proposals: [8, 10, 0x2a2a],
      credentials: [1, 0x4a4a],
    }
    const { leafNode } = keyPackage(entropy, "g", { capabilities: greased }).keyPackage
    assert.deepEqual(leafNode.capabilities, greased)
    assert.deepEqual(decodeLeafNode(leafNode.bytes), leafNode)
    assert.ok([0x0a0a, 0x1a1a, 0xeaea].every(mls.isGrease))
    assert.ok(![0x0a1a, 0xfafa, 6, 0x0b0b].some(mls.isGrease))
  })

  it("refuse a leaf source, a node type or a presence byte that is not defined", () => {
    const { bytes: leaf } = kp.leafNode
    const at = leaf.length - kp.leafNode.signature.length - 2 - 1 - 16 - 1
    assert.equal(leaf[at], 1)
    for (const source of [0, 4, 255]) {
      const changed = leaf.slice()
      changed[at] = source
      assert.ok(malformed(() => decodeLeafNode(changed)))
    }
    const tree = (text: string): boolean =>
      malformed(() => decodeTls(decodeHex(text), readRatchetTree))
    const one = encodeTls((w) => w.framed((w) => w.u8(1).u8(1).opaque(leaf)))
    assert.equal(decodeTls(one, readRatchetTree).leaves.length, 1)
    // Blank at the right end, no node at all, a parent where a leaf belongs, presence 2.
    const trailing = encodeTls((w) => w.framed((w) => w.u8(1).u8(1).opaque(leaf).u8(0)))
    assert.ok(tree(encodeHex(trailing)))
    for (const text of ["00", "0100", "050102000000", "0102", "020103"]) assert.ok(tree(text), text)
  })

  it("refuse an extension type that occurs twice", () => {
    const twice = encodeTls((w) =>
      writeExtensions(w, [{ type: 9, data: utf8("a") }, { type: 9, data: utf8("b") }])
    )
    assert.ok(malformed(() => decodeTls(twice, readExtensions)))
  })
})

describe("private content", () => {
  it("is refused with padding that is not zero", () => {
    const content = (padding: ReadonlyArray<number>): Uint8Array =>
      encodeTls((w) =>
        w.opaqueV(utf8("hi")).opaqueV(new Uint8Array(64)).opaque(Uint8Array.from(padding))
      )
    const read = (b: Uint8Array): unknown =>
      decodeTls(b, (r) => readPrivateContent(r, "application"))
    assert.ok(read(content([])))
    assert.ok(read(content([0, 0, 0])))
    assert.ok(malformed(() => read(content([0, 0, 1]))))
    assert.ok(malformed(() => read(content([1, 0, 0]))))
  })
})

describe("dictionaries and component lists", () => {
  it("are sorted by encoders and refused unsorted by decoders", () => {
    const entries = [
      { componentId: 0x8003, data: utf8("b") },
      { componentId: 0x8001, data: utf8("") },
    ]
    const extension = mls.appDataDictionaryExtension(entries)
    assert.equal(encodeHex(extension.data), "0780010080030162")
    assert.deepEqual(
      mls.decodeAppDataDictionary(extension.data).map((e) => e.componentId),
      [0x8001, 0x8003],
    )
    assert.equal(encodeHex(mls.appDataDictionaryExtension([]).data), "00")
    assert.equal(
      refusal(() => mls.decodeAppDataDictionary(decodeHex("0780030162800100"))),
      "invalid-app-data",
    )
    assert.equal(
      refusal(() => mls.decodeAppDataDictionary(decodeHex("06800100800100"))),
      "invalid-app-data",
    )
    assert.equal(
      encodeHex(mls.encodeComponentsList([0x800c, 0x8001, 0x8003, 0x8009])),
      "088001800380098" + "00c",
    )
    assert.deepEqual(mls.decodeComponentsList(decodeHex("0480018003")), [0x8001, 0x8003])
    assert.equal(
      refusal(() => mls.decodeComponentsList(decodeHex("0480038001"))),
      "invalid-app-data",
    )
    assert.equal(refusal(() => mls.encodeComponentsList([1, 1])), "invalid-app-data")
  })
})

describe("peek", () => {
  it("reads the head of any message, and of nothing else", () => {
    const own = keyPackage(entropy, "p")
    assert.deepEqual(mls.peek(own.message), { wireFormat: "keyPackage" })
    const head = decodeHex("00010001" + "02abcd" + "0000000000000007" + "0100000003" + "00" + "03")
    assert.deepEqual(mls.peek(head), {
      wireFormat: "publicMessage",
      groupId: decodeHex("abcd"),
      epoch: 7n,
      content: "commit",
      sender: 3,
    })
    for (const text of ["", "0001", "00020001", "00010009", "0001000102ab", "00010002000000"]) {
      assert.ok(["malformed", "unsupported"].includes(refusal(() => mls.peek(decodeHex(text)))))
    }
  })
})
