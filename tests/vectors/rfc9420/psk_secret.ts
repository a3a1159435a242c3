/**
 * Vectors `psk_secret`: chains of external pre-shared keys.
 *
 * @module
 */
import assert from "node:assert/strict"
import { pskSecret } from "../../../packages/core/src/mls/key_schedule.ts"
import type { PreSharedKeyId } from "../../../packages/core/src/mls/mod.ts"
import { crypto, family, hex, toHex, type VectorFamily } from "./family.ts"

interface Entry {
  readonly psks: ReadonlyArray<{
    readonly psk_id: string
    readonly psk: string
    readonly psk_nonce: string
  }>
  readonly psk_secret: string
}

/** The family. */
export const pskSecrets: VectorFamily = family<Entry>({
  name: "psk_secret",
  keys: ["psks", "psk_secret"],
  check: (entry) => {
    const values = new Map<PreSharedKeyId, Uint8Array>()
    for (const p of entry.psks) {
      values.set(
        { kind: "external", id: hex(p.psk_id), nonce: hex(p.psk_nonce) },
        hex(p.psk),
      )
    }
    const secret = pskSecret(crypto, [...values.keys()], (id) => values.get(id))
    assert.equal(toHex(secret), entry.psk_secret)
  },
})
