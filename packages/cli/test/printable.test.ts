import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { printable, printableBlock } from "../src/printable.ts"

describe("foreign text", () => {
  it("loses its escape sequences", () => {
    assert.equal(printable("\u001b[2J\u001b]0;title\u0007hi"), "\\u{1b}[2J\\u{1b}]0;title\\u{7}hi")
    assert.equal(printable("\u009b31m"), "\\u{9b}31m")
  })

  it("loses direction marks, line separators and tags", () => {
    assert.equal(printable("a\u202eb\u2066c"), "a\\u{202e}b\\u{2066}c")
    assert.equal(printable("a\u2028b\r\n\tc"), "a\\u{2028}b\\u{d}\\n\\tc")
    assert.equal(printable("x\u{e0041}y"), "x\\u{e0041}y")
  })

  it("keeps letters, emoji sequences and combining marks", () => {
    const text = "Grüße, 日本語, 👩‍💻, e\u0301, ❤️"
    assert.equal(printable(text), text)
  })

  it("cannot stack marks without end", () => {
    assert.ok(printable("a" + "\u0301".repeat(500)).length < 12)
  })

  it("replaces lone surrogates", () => {
    assert.equal(printable("a\ud800b"), "a\\u{d800}b")
  })

  it("never holds a control character, whatever comes in", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      for (const character of printable(text)) {
        const code = character.codePointAt(0) ?? 0
        assert.ok(code >= 0x20 && !(code >= 0x7f && code <= 0x9f), "a control character")
        assert.ok(!(code >= 0x202a && code <= 0x202e), "a direction mark")
        assert.ok(!(code >= 0x2066 && code <= 0x2069), "a direction mark")
      }
    }))
  })

  it("keeps line breaks in a block, indented", () => {
    assert.equal(printableBlock("a\r\nb\u0007\nc", "  "), "a\n  b\\u{7}\n  c")
  })
})
