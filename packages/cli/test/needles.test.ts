import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { describe, it } from "node:test"
import fc from "fast-check"
import { found, hexNeedle, textNeedle } from "../src/demo/needles.ts"

const key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
const needles = [hexNeedle("key", key), textNeedle("text", "the carrots at sunset")]

const raw = Buffer.from(key, "hex")
const text = Buffer.from("the carrots at sunset")
const forms: ReadonlyArray<readonly [string, Uint8Array, string]> = [
  ["raw bytes", raw, "key"],
  ["hex", Buffer.from(key), "key"],
  ["upper-case hex", Buffer.from(key.toUpperCase()), "key"],
  ["base64", Buffer.from(raw.toString("base64")), "key"],
  ["base64url", Buffer.from(raw.toString("base64url")), "key"],
  [
    "base64 one byte in",
    Buffer.from(Buffer.concat([text.subarray(0, 1), raw]).toString("base64")),
    "key",
  ],
  [
    "base64 two bytes in",
    Buffer.from(Buffer.concat([text.subarray(0, 2), raw]).toString("base64")),
    "key",
  ],
  ["UTF-8", text, "text"],
  ["UTF-16LE", Buffer.from(text.toString(), "utf16le"), "text"],
  ["UTF-16BE", Buffer.from(text.toString(), "utf16le").swap16(), "text"],
]

describe("a needle", () => {
  for (const [what, form, expected] of forms) {
    it(`is found as ${what}`, () => {
      const haystack = Buffer.concat([Buffer.alloc(101, 7), form, Buffer.alloc(33, 9)])
      assert.deepEqual(found(haystack, needles), [expected])
    })
  }

  it("is not found where it is not", () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 0, maxLength: 4096 }), (bytes) => {
      assert.deepEqual(found(bytes, needles), [])
    }))
  })

  it("shorter than eight bytes is not searched for", () => {
    assert.deepEqual(found(Buffer.from("xx alice xx"), [textNeedle("name", "alice")]), [])
  })
})
