import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { decodeBase64, encodeBase64 } from "@mdk/core/codec"

describe("base64", () => {
  it("gives back what was written, as everybody writes it", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encodeBase64(bytes)
      assert.deepEqual(decodeBase64(text), bytes)
      assert.equal(text, Buffer.from(bytes).toString("base64"))
    }))
  })

  it("accepts one text for each byte string", () => {
    fc.assert(fc.property(fc.string({ maxLength: 12 }), (text) => {
      let bytes: Uint8Array
      try {
        bytes = decodeBase64(text)
      } catch {
        return
      }
      assert.equal(encodeBase64(bytes), text)
    }))
    // Bits behind the last byte.
    for (const text of ["AB==", "AAB=", "Zh==", "Zm9="]) {
      assert.throws(() => decodeBase64(text), { reason: "invalid-value" }, text)
    }
  })

  it("refuses missing padding, white space and the URL alphabet", () => {
    for (
      const text of [
        "Zg",
        "Zg=",
        "Z",
        "=",
        "====",
        "Zg==\n",
        " Zg==",
        "Zm9v\n",
        "_-_-",
        "Z===",
        "Zg==Zg==",
      ]
    ) {
      assert.throws(() => decodeBase64(text), { _tag: "DecodeError" }, text)
    }
  })

  it("refuses too much before it takes memory", () => {
    assert.deepEqual(decodeBase64("AAAA", 3), new Uint8Array(3))
    assert.throws(() => decodeBase64("AAAAAA==", 3), { reason: "limit" })
    assert.equal(decodeBase64("AAAAAA==", 4).length, 4)
  })
})
