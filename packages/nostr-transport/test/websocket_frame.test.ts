import assert from "node:assert/strict"
import fc from "fast-check"
import { test } from "node:test"
import {
  type ClientMessage,
  encodeCloseStatus,
  encodeFrame,
  FrameDecoder,
  opcodes,
} from "../src/relay/websocket_frame.ts"

/** Masks a server frame, as clients must. */
function masked(frame: Uint8Array, key: ReadonlyArray<number> = [1, 2, 3, 4]): Uint8Array {
  const short = (frame[1] ?? 0) & 0x7f
  const head = short === 126 ? 4 : short === 127 ? 10 : 2
  const bytes = new Uint8Array(frame.length + 4)
  bytes.set(frame.subarray(0, head))
  bytes[1] = (bytes[1] ?? 0) | 0x80
  bytes.set(key, head)
  for (let i = head; i < frame.length; i++) {
    bytes[i + 4] = (frame[i] ?? 0) ^ (key[(i - head) & 3] ?? 0)
  }
  return bytes
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

const decodeAll = (
  chunks: ReadonlyArray<Uint8Array>,
  max = 1_000_000,
): ReadonlyArray<ClientMessage> => {
  const decoder = new FrameDecoder(max)
  return chunks.flatMap((chunk) => [...decoder.push(chunk)])
}

test("any text, in any fragments, cut anywhere on the wire, arrives whole", () => {
  fc.assert(fc.property(
    fc.array(fc.string({ unit: "grapheme", maxLength: 300 }), { maxLength: 4 }),
    fc.integer({ min: 1, max: 5 }),
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
    (texts, fragments, cuts) => {
      const frames = texts.flatMap((text) => {
        const bytes = utf8(text)
        const size = Math.ceil(bytes.length / fragments)
        return Array.from({ length: fragments }, (_, i) =>
          masked(encodeFrame(
            i === 0 ? opcodes.text : opcodes.continuation,
            bytes.subarray(i * size, (i + 1) * size),
            i === fragments - 1,
          )))
      })
      const wire = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0))
      let at = 0
      for (const frame of frames) {
        wire.set(frame, at)
        at += frame.length
      }
      const chunks: Array<Uint8Array> = []
      for (let from = 0, i = 0; from < wire.length; i++) {
        const size = cuts[i % cuts.length] ?? 1
        chunks.push(wire.slice(from, from + size))
        from += size
      }
      assert.deepEqual(
        decodeAll(chunks),
        texts.map((text) => ({ type: "text", text, bytes: utf8(text).length })),
      )
    },
  ))
})

test("the three length forms", () => {
  for (const size of [0, 125, 126, 65_535, 65_536, 200_000]) {
    const [message] = decodeAll([masked(encodeFrame(opcodes.text, new Uint8Array(size).fill(97)))])
    assert.equal(message?.type === "text" && message.bytes, size)
  }
})

test("control frames between fragments; close status", () => {
  const messages = decodeAll([
    masked(encodeFrame(opcodes.text, utf8("he"), false)),
    masked(encodeFrame(opcodes.ping, utf8("p"))),
    masked(encodeFrame(opcodes.continuation, utf8("y"))),
    masked(encodeFrame(opcodes.close, encodeCloseStatus(1001, "bye"))),
  ])
  assert.deepEqual(messages.map((message) => message.type), ["ping", "text", "close"])
  const close = messages[2]
  assert.deepEqual(close?.type === "close" && [...close.payload.subarray(0, 2)], [0x03, 0xe9])
})

test("violations end the connection with the right status", () => {
  const cases: ReadonlyArray<readonly [string, number, Uint8Array]> = [
    ["unmasked", 1002, encodeFrame(opcodes.text, utf8("x"))],
    ["reserved bit", 1002, masked(Uint8Array.from([0xc1, 0x00]))],
    ["unknown opcode", 1002, masked(encodeFrame(0x3, utf8("x")))],
    ["continuation of nothing", 1002, masked(encodeFrame(opcodes.continuation, utf8("x")))],
    ["fragmented ping", 1002, masked(encodeFrame(opcodes.ping, utf8("x"), false))],
    ["long ping", 1002, masked(encodeFrame(opcodes.ping, new Uint8Array(126)))],
    ["bad UTF-8", 1007, masked(encodeFrame(opcodes.text, Uint8Array.from([0xff])))],
    ["too large", 1009, masked(encodeFrame(opcodes.text, new Uint8Array(101)))],
  ]
  for (const [name, code, bytes] of cases) {
    assert.deepEqual(decodeAll([bytes], 100), [{ type: "violation", code }], name)
  }
  const announced = Uint8Array.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
  assert.deepEqual(decodeAll([announced], 100), [{ type: "violation", code: 1009 }])
  const half = masked(encodeFrame(opcodes.text, new Uint8Array(60), false))
  const rest = masked(encodeFrame(opcodes.continuation, new Uint8Array(60)))
  assert.deepEqual(decodeAll([half, rest], 100), [{ type: "violation", code: 1009 }])
  const second = masked(encodeFrame(opcodes.text, utf8("x")))
  assert.deepEqual(decodeAll([half, second], 1000), [{ type: "violation", code: 1002 }])
})

test("nothing is read after a violation", () => {
  const decoder = new FrameDecoder(100)
  decoder.push(encodeFrame(opcodes.text, utf8("unmasked")))
  assert.deepEqual(decoder.push(masked(encodeFrame(opcodes.text, utf8("fine")))), [])
})
