import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { decodeHex, encodeHex, isHex } from "@mdk/core/codec"

describe("hexadecimal", () => {
  it("gives back what was written", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encodeHex(bytes)
      assert.deepEqual(decodeHex(text), bytes)
      assert.ok(isHex(text, bytes.length))
      assert.equal(text, Buffer.from(bytes).toString("hex"))
    }))
  })

  it("refuses everything else", () => {
    for (const text of ["0", "0g", "AA", "aA", " 00", "00 ", "0x00", "é0", "\uff10\uff10"]) {
      assert.throws(() => decodeHex(text), { _tag: "DecodeError", reason: "invalid-value" }, text)
      assert.ok(!isHex(text, Math.ceil(text.length / 2)), text)
    }
  })

  it("refuses another length than the one that is wanted", () => {
    assert.throws(() => decodeHex("00ff", 1), { reason: "invalid-value" })
    assert.throws(() => decodeHex("", 1), { reason: "invalid-value" })
    assert.ok(!isHex("00ff", 1))
    assert.deepEqual(decodeHex("", 0), new Uint8Array())
  })

  it("does not repeat the input in its error", () => {
    try {
      decodeHex("deadbeefzz")
      assert.fail()
    } catch (error) {
      assert.ok(!`${error} ${JSON.stringify(error)}`.includes("deadbeef"))
    }
  })
})
