import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { decodeTls, encodeSecretTls, encodeTls, TlsWriter } from "../../src/codec/tls.ts"

const item = fc.record({
  small: fc.integer({ min: 0, max: 0xff }),
  medium: fc.integer({ min: 0, max: 0xffff }),
  large: fc.integer({ min: 0, max: 0xffff_ffff }),
  huge: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
  bytes: fc.uint8Array({ maxLength: 300 }),
  maybe: fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined }),
}, { noNullPrototype: true })

test("what is written is what is read", () => {
  fc.assert(fc.property(fc.array(item, { maxLength: 80 }), (items) => {
    const encoded = encodeTls((w) =>
      w.vector(
        items,
        (w, i) =>
          w.u8(i.small).u16(i.medium).u32(i.large).u64(i.huge).opaqueV(i.bytes)
            .optional(i.maybe, (w, b) => w.framed((w) => w.opaque(b))),
      )
    )
    const decoded = decodeTls(encoded, (r) =>
      r.vector((r) => ({
        small: r.u8(),
        medium: r.u16(),
        large: r.u32(),
        huge: r.u64(),
        bytes: r.opaqueV(),
        maybe: r.optional((r) => r.framed((r) => r.rest())),
      })))
    assert.deepEqual(decoded, items)
  }))
})

test("a length prefix grows with its content, also when nested", () => {
  for (const length of [0, 63, 64, 16383, 16384, 70000]) {
    const content = new Uint8Array(length).fill(7)
    const encoded = encodeTls((w) => w.framed((w) => w.opaqueV(content)).u8(1))
    const prefix = length < 64 ? 1 : length < 16384 ? 2 : 4
    const outer = length + prefix
    assert.equal(encoded.length, outer + (outer < 64 ? 1 : outer < 16384 ? 2 : 4) + 1)
    const [inner, last] = decodeTls(encoded, (r) => [r.framed((r) => r.opaqueV()), r.u8()] as const)
    assert.deepEqual(inner, content)
    assert.equal(last, 1)
  }
})

test("a value that does not fit is refused, not shortened", () => {
  for (const value of [-1, 256, 0.5, NaN]) {
    assert.throws(() => new TlsWriter().u8(value), RangeError)
  }
  assert.throws(() => new TlsWriter().u16(0x1_0000), RangeError)
  assert.throws(() => new TlsWriter().u32(0x1_0000_0000), RangeError)
  assert.throws(() => new TlsWriter().u64(-1n), RangeError)
  assert.throws(() => new TlsWriter().u64(1n << 64n), RangeError)
  assert.throws(() => new TlsWriter().varint(0x4000_0000), RangeError)
})

test("wiping zeroes the buffer, and so does growing", () => {
  const content = new Uint8Array(100).fill(1)
  const writer = new TlsWriter(100).opaque(content)
  const first = writer.view()
  writer.opaque(content)
  assert.deepEqual(first, new Uint8Array(100))
  const second = writer.view()
  const result = writer.finish()
  writer.wipe()
  assert.deepEqual(second, new Uint8Array(200))
  assert.deepEqual(result, new Uint8Array(200).fill(1))
  assert.equal(writer.length, 0)
})

test("a view has exactly what was written, from small and from large buffers", () => {
  for (const capacity of [0, 1, 64, 65, 300]) {
    for (const length of [0, 1, 40, 64, 65, 200]) {
      const content = new Uint8Array(length).fill(length)
      assert.deepEqual(new TlsWriter(capacity).opaque(content).view(), content)
    }
  }
})

test("a secret encoding leaves its working buffer empty", () => {
  let window: Uint8Array = new Uint8Array(0)
  const result = encodeSecretTls((w) => {
    w.opaqueV(Uint8Array.of(9, 9))
    window = new Uint8Array(w.view().buffer)
  })
  assert.deepEqual(result, Uint8Array.of(2, 9, 9))
  assert.ok(window.length > 0 && window.every((byte) => byte === 0))
})
