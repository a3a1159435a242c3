/**
 * The bytes of an entry: the vectors of the Rust MDK, and what is not an entry.
 *
 * @module
 */
import fc from "fast-check"
import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { describe, it } from "node:test"
import { decodeEntry, encodeEntry, ENTRY_LENGTH } from "../src/entry/entry_format.ts"

const text = (value: string) => new TextEncoder().encode(value)
const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const KNOWN: ReadonlyArray<readonly [string, string]> = [
  [
    "9240d4d6b5b22c220bb54434334d078b9d33dcd2d9c1373f7a40f1c590c790dd",
    "mdk-sqlite-key-v1:kkDU1rWyLCILtUQ0M00Hi50z3NLZwTc/ekDxxZDHkN0=",
  ],
  ["00".repeat(32), `mdk-sqlite-key-v1:${"A".repeat(43)}=`],
  ["ff".repeat(32), `mdk-sqlite-key-v1:${"/".repeat(42)}8=`],
]

describe("entry format", () => {
  it("writes the Rust MDK's text and reads it", () => {
    for (const [hex, entry] of KNOWN) {
      const key = new Uint8Array(Buffer.from(hex, "hex"))
      assert.deepEqual(encodeEntry(key), text(entry))
      assert.deepEqual(decodeEntry(text(entry)), key)
    }
    assert.equal(ENTRY_LENGTH, 62)
  })

  it("agrees with the platform's base64 and round-trips", () => {
    fc.assert(fc.property(key32, (key) => {
      const entry = encodeEntry(key)
      const expected = `mdk-sqlite-key-v1:${Buffer.from(key).toString("base64")}`
      assert.equal(new TextDecoder().decode(entry), expected)
      assert.deepEqual(decodeEntry(entry), key)
    }))
  })

  it("reads thirty-two raw bytes as a copy", () => {
    fc.assert(fc.property(key32, (key) => {
      const decoded = decodeEntry(key)
      assert.deepEqual(decoded, key)
      assert.notEqual(decoded, key)
    }))
  })

  it("reads nothing else", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      assert.equal(decodeEntry(bytes) === undefined, bytes.length !== 32)
    }))
  })

  it("has one text for one key: any changed character is another key or no entry", () => {
    fc.assert(fc.property(key32, fc.nat(61), fc.nat(255), (key, at, byte) => {
      const entry = encodeEntry(key)
      if (entry[at] === byte) return
      entry[at] = byte
      const decoded = decodeEntry(entry)
      if (decoded !== undefined) assert.notDeepEqual(decoded, key)
    }))
  })

  it("refuses to write a key of another length", () => {
    for (const length of [0, 31, 33, 64]) {
      assert.throws(() => encodeEntry(new Uint8Array(length)), RangeError)
    }
  })
})
