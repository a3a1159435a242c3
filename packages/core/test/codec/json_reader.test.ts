import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { type JsonValue, readJson } from "@mdk/core/codec"

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const read = (text: string): JsonValue => readJson(utf8(text))

const plain = (value: JsonValue): unknown => {
  if (typeof value === "bigint") return Number(value)
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, item]) => [name, plain(item)]))
  }
  return Array.isArray(value) ? value.map(plain) : value
}

describe("JSON reader", () => {
  it("reads what JSON.stringify writes", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value)
      if (!text.isWellFormed() || /\\u[dD][89a-fA-F]/.test(text)) return
      // Names like __proto__ are assigned differently by an object literal.
      assert.equal(JSON.stringify(plain(read(text))), JSON.stringify(JSON.parse(text)))
    }))
  })

  it("agrees with JSON.parse on what is JSON", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"b"',
      '""',
      "0",
      "-1",
      "1.5",
      "1e2",
      "01",
      "true",
      "false",
      "null",
      " ",
      "\n",
      "\\",
      '"',
      "x",
      "-",
      "\t",
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
        const text = pieces.join("")
        let expected = true
        try {
          JSON.parse(text)
        } catch {
          expected = false
        }
        let accepted = true
        let duplicate = false
        try {
          read(text)
        } catch {
          accepted = false
          duplicate = /"(a|b|)"[^{}]*"\1"\s*:/.test(text)
        }
        if (!duplicate) assert.equal(accepted, expected, text)
      }),
      { numRuns: 5000 },
    )
  })

  it("refuses a member that is named twice, also through escapes", () => {
    for (const text of ['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '[{"x":{"a":1,"b":2,"a":3}}]']) {
      assert.throws(() => read(text), { _tag: "DecodeError", reason: "invalid-value" }, text)
    }
  })

  it("keeps integers exact and tells them from other numbers", () => {
    assert.equal(read("18446744073709551615"), 18446744073709551615n)
    assert.equal(read("-7"), -7n)
    assert.equal(read("1.0"), 1)
    assert.equal(read("1e2"), 100)
    assert.ok(Object.is(read("-0"), -0))
  })

  it("bounds bytes, depth and digits", () => {
    assert.throws(() => readJson(utf8("[]"), { maxBytes: 1 }), { reason: "limit" })
    assert.deepEqual(readJson(utf8("[]"), { maxBytes: 2 }), [])
    assert.equal(read("9".repeat(40)), BigInt("9".repeat(40)))
    assert.throws(() => read("9".repeat(41)), { reason: "limit" })
    assert.throws(() => readJson(utf8("[[[]]]"), { maxDepth: 2 }), { reason: "limit" })
    assert.ok(readJson(utf8("[[],[],[{}]]"), { maxDepth: 3 }))
    assert.throws(() => read("[".repeat(1_000_000)), { reason: "limit" })
    assert.throws(() => read("9".repeat(100_000)), { reason: "limit" })
  })

  it("refuses what is not clean text", () => {
    assert.throws(() => readJson(new Uint8Array([0x22, 0xff, 0x22])), { reason: "invalid-value" })
    assert.throws(() => readJson(new Uint8Array([0xef, 0xbb, 0xbf, 0x31])), {
      reason: "invalid-value",
    })
    assert.throws(() => read('"\\ud800"'), { reason: "invalid-value" })
    assert.throws(() => read('"\\udc00\\ud800"'), { reason: "invalid-value" })
    assert.throws(() => read('"\u0001"'), { reason: "invalid-value" })
    assert.throws(() => read('"\\x"'), { reason: "invalid-value" })
    assert.equal(read('"\\ud83d\\ude00"'), "😀")
    assert.equal(read('"\u007f\u2028"'), "\u007f\u2028")
  })

  it("names truncation and what follows", () => {
    assert.throws(() => read(""), { reason: "truncated" })
    assert.throws(() => read('{"a"'), { reason: "truncated" })
    assert.throws(() => read('"a'), { reason: "truncated" })
    assert.throws(() => read("1 x"), { reason: "trailing-bytes" })
  })
})
