/**
 * The check value of a key: enough to tell keys apart, nothing to find one by.
 *
 * @module
 */
import { Buffer } from "node:buffer"
import { hkdfSync } from "node:crypto"

/** The first 8 bytes of HKDF-SHA-256 over a 32-byte key, in hex. */
export function keyCheckOf(key: Uint8Array): string {
  const derived = hkdfSync("sha256", key, new Uint8Array(), "mdk database key check v1", 8)
  return Buffer.from(derived).toString("hex")
}
