import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { canonicalEvent } from "@mdk/core/codec"

const text = (content: string): string =>
  new TextDecoder().decode(
    canonicalEvent({ pubkey: "p", created_at: 1, kind: 2, tags: [["a", "b"], []], content }),
  )

describe("canonical event", () => {
  it("escapes what NIP-01 says and nothing else", () => {
    const control = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join("")
    assert.equal(
      text(`${control}"\\/\u007f\u0080\u2028é😀`),
      '[0,"p",1,2,[["a","b"],[]],"' +
        "\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f" +
        "\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c" +
        '\\u001d\\u001e\\u001f\\"\\\\/\u007f\u0080\u2028é😀"]',
    )
  })

  it("refuses half a surrogate pair anywhere", () => {
    assert.throws(() => text("\ud800"), { _tag: "DecodeError", reason: "invalid-value" })
    const event = { pubkey: "", created_at: 1, kind: 2, content: "" }
    assert.throws(() => canonicalEvent({ ...event, tags: [["x\udc00"]] }), {
      reason: "invalid-value",
    })
  })

  it("writes times of 64 bits exactly", () => {
    const event = { pubkey: "", created_at: 2n ** 64n - 1n, kind: 70000n, tags: [], content: "" }
    assert.equal(
      new TextDecoder().decode(canonicalEvent(event)),
      '[0,"",18446744073709551615,70000,[],""]',
    )
  })
})
