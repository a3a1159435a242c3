import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { DecodeError, type DecodeReason, decodeTls, TlsReader } from "../../src/codec/tls.ts"

const bytes = (...values: Array<number>): Uint8Array => Uint8Array.from(values)

function refuses(reason: DecodeReason, action: () => unknown): void {
  assert.throws(action, (error) => error instanceof DecodeError && error.reason === reason)
}

test("integers are big-endian over their whole range", () => {
  const r = new TlsReader(
    bytes(255, 255, 254, 255, 254, 253, 252, 0, 0, 0, 0, 0, 0, 0, 7, ...Array(8).fill(255)),
  )
  assert.equal(r.u8(), 255)
  assert.equal(r.u16(), 0xfffe)
  assert.equal(r.u32(), 0xfffefdfc)
  assert.equal(r.u64(), 7n)
  assert.equal(r.u64(), 0xffff_ffff_ffff_ffffn)
  r.finish()
})

test("a variable-length integer is accepted in its shortest form only", () => {
  const value = (...b: Array<number>): number => decodeTls(bytes(...b), (r) => r.varint())
  assert.equal(value(0), 0)
  assert.equal(value(63), 63)
  assert.equal(value(0x40, 0x40), 64)
  assert.equal(value(0x7f, 0xff), 16383)
  assert.equal(value(0x80, 0, 0x40, 0), 16384)
  assert.equal(value(0xbf, 0xff, 0xff, 0xff), 0x3fff_ffff)
  for (const b of [[0x40, 0], [0x40, 63], [0x80, 0, 0, 0], [0x80, 0, 0x3f, 0xff]]) {
    refuses("non-minimal-length", () => value(...b))
  }
  for (const first of [0xc0, 0xff]) {
    refuses("non-minimal-length", () => value(first, 0, 0, 0, 0, 1, 0, 0))
  }
  refuses("truncated", () => value(0x40))
  refuses("truncated", () => value(0x80, 1, 2))
})

test("a length behind the end is refused before memory is taken", () => {
  refuses("truncated", () => decodeTls(bytes(2, 1), (r) => r.opaqueV()))
  refuses("truncated", () => decodeTls(bytes(0x80, 0xff, 0xff, 0xff, 1), (r) => r.viewV()))
  refuses("truncated", () => decodeTls(bytes(1), (r) => r.opaque(2)))
  refuses("truncated", () => decodeTls(bytes(3, 0, 1, 2, 9), (r) => r.vector((r) => r.u16())))
})

test("limits hold for bytes and for counts", () => {
  const input = bytes(4, 1, 2, 3, 4)
  refuses("limit", () => decodeTls(input, (r) => r.opaqueV(3)))
  refuses("limit", () => decodeTls(input, (r) => r.vector((r) => r.u8(), 3)))
  refuses("limit", () => decodeTls(input, (r) => r.opaqueV(), { maxVectorBytes: 3 }))
  assert.equal(decodeTls(input, (r) => r.vector((r) => r.u8(), 4)).length, 4)
})

test("elements cannot read beyond their vector, and an empty element cannot loop", () => {
  refuses("truncated", () => decodeTls(bytes(1, 0, 5), (r) => [r.vector((r) => r.u16()), r.u8()]))
  refuses("invalid-value", () => decodeTls(bytes(1, 0), (r) => r.vector(() => 0)))
  refuses("trailing-bytes", () => decodeTls(bytes(2, 0, 5), (r) => r.framed((r) => r.u8())))
})

test("a presence byte is 0 or 1", () => {
  const optional = (...b: Array<number>) => decodeTls(bytes(...b), (r) => r.optional((r) => r.u8()))
  assert.equal(optional(0), undefined)
  assert.equal(optional(1, 9), 9)
  refuses("invalid-presence", () => optional(2, 9))
  refuses("invalid-presence", () => optional(0x20))
  refuses("truncated", () => optional(1))
})

test("every byte is used", () => {
  refuses("trailing-bytes", () => decodeTls(bytes(1, 2), (r) => r.u8()))
})

test("only a method with view in its name shares the input's memory", () => {
  const input = bytes(1, 7, 8, 1, 9)
  const r = new TlsReader(input)
  const copies = [r.opaqueV(), r.opaque(1), r.since(0)]
  const view = r.viewV()
  assert.deepEqual(r.viewSince(3), bytes(1, 9))
  input.fill(0)
  assert.deepEqual(copies, [bytes(7), bytes(8), bytes(1, 7, 8)])
  assert.deepEqual(view, bytes(0))
})

test("an error names its reason and nothing of the input", () => {
  try {
    decodeTls(bytes(0xc7, 222, 173), (r) => r.varint())
    assert.fail("must refuse")
  } catch (error) {
    assert.ok(error instanceof DecodeError)
    assert.deepEqual(Object.keys(error).filter((key) => key !== "stack").sort(), ["_tag", "reason"])
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /222|173|c7|199/)
  }
})

test("no input makes the reader do anything but return or refuse", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
    try {
      decodeTls(input, (r) => r.vector((r) => [r.opaqueV(), r.optional((r) => r.u16()), r.u8()]))
    } catch (error) {
      assert.ok(error instanceof DecodeError)
    }
  }))
})
