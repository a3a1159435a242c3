/**
 * Vectors `secret-tree`: message keys of every leaf, and the keys that hide a sender.
 *
 * @module
 */
import assert from "node:assert/strict"
import {
  ratchetsOf,
  SecretTree,
  senderDataKey,
} from "../../../packages/core/src/mls/secret_tree.ts"
import { type SenderRatchet, stepTo } from "../../../packages/core/src/mls/sender_ratchet.ts"
import { crypto, family, hex, toHex, type VectorFamily } from "./family.ts"

interface Generation {
  readonly generation: number
  readonly application_key: string
  readonly application_nonce: string
  readonly handshake_key: string
  readonly handshake_nonce: string
}

interface Entry {
  readonly encryption_secret: string
  readonly sender_data: {
    readonly sender_data_secret: string
    readonly ciphertext: string
    readonly key: string
    readonly nonce: string
  }
  readonly leaves: ReadonlyArray<ReadonlyArray<Generation>>
}

const limits = { outOfOrder: 100, forward: 1000, pendingProposals: 0 }

function check(entry: Entry): void {
  const { sender_data: data } = entry
  const { key, nonce } = senderDataKey(crypto, hex(data.sender_data_secret), hex(data.ciphertext))
  assert.equal(toHex(key), data.key)
  assert.equal(toHex(nonce), data.nonce)

  const tree = SecretTree.ofEncryptionSecret(entry.leaves.length, hex(entry.encryption_secret))
  entry.leaves.forEach((generations, leafIndex) => {
    const { application, handshake } = ratchetsOf(crypto, tree, leafIndex)
    for (const g of generations) {
      const at = (ratchet: SenderRatchet) => stepTo(crypto, ratchet, g.generation, limits)
      const app = at(application).messageKey
      assert.equal(toHex(app.key), g.application_key)
      assert.equal(toHex(app.nonce), g.application_nonce)
      const shake = at(handshake).messageKey
      assert.equal(toHex(shake.key), g.handshake_key)
      assert.equal(toHex(shake.nonce), g.handshake_nonce)
    }
  })
}

/** The family. */
export const secretTree: VectorFamily = family<Entry>({
  name: "secret-tree",
  keys: ["encryption_secret", "sender_data", "leaves"],
  check,
})
