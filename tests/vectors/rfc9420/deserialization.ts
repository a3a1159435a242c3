/**
 * Vectors `deserialization`: variable-length integers.
 *
 * @module
 */
import assert from "node:assert/strict"
import { decodeTls, encodeTls } from "../../../packages/core/src/codec/tls.ts"
import { family, hex, toHex, type VectorFamily } from "./family.ts"

interface Entry {
  readonly vlbytes_header: string
  readonly length: number
}

/** The family. */
export const deserialization: VectorFamily = family<Entry>({
  name: "deserialization",
  keys: ["vlbytes_header", "length"],
  check: (entry) => {
    assert.equal(decodeTls(hex(entry.vlbytes_header), (r) => r.varint()), entry.length)
    assert.equal(toHex(encodeTls((w) => w.varint(entry.length))), entry.vlbytes_header)
  },
})
