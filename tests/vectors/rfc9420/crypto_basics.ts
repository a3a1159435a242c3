/**
 * Vectors `crypto-basics`: labelled hashing, derivation, signing and encryption.
 *
 * @module
 */
import assert from "node:assert/strict"
import { hpkeOpen, hpkeSeal } from "../../../packages/core/src/crypto/mod.ts"
import {
  deriveSecret,
  encryptContext,
  expandWithLabel,
  refHash,
  signWithLabel,
  verifyWithLabel,
} from "../../../packages/core/src/mls/labeled.ts"
import { crypto, family, hex, toHex, type VectorFamily } from "./family.ts"

interface Entry {
  readonly ref_hash: { readonly label: string; readonly value: string; readonly out: string }
  readonly expand_with_label: {
    readonly secret: string
    readonly label: string
    readonly context: string
    readonly length: number
    readonly out: string
  }
  readonly derive_secret: { readonly secret: string; readonly label: string; readonly out: string }
  readonly derive_tree_secret: {
    readonly secret: string
    readonly label: string
    readonly generation: number
    readonly length: number
    readonly out: string
  }
  readonly sign_with_label: {
    readonly priv: string
    readonly pub: string
    readonly content: string
    readonly label: string
    readonly signature: string
  }
  readonly encrypt_with_label: {
    readonly priv: string
    readonly pub: string
    readonly label: string
    readonly context: string
    readonly plaintext: string
    readonly kem_output: string
    readonly ciphertext: string
  }
}

function check(entry: Entry): void {
  const ref = entry.ref_hash
  assert.equal(toHex(refHash(crypto, ref.label, hex(ref.value))), ref.out)

  const e = entry.expand_with_label
  assert.equal(
    toHex(expandWithLabel(crypto, hex(e.secret), e.label, hex(e.context), e.length)),
    e.out,
  )

  const d = entry.derive_secret
  assert.equal(toHex(deriveSecret(crypto, hex(d.secret), d.label)), d.out)

  const t = entry.derive_tree_secret
  const generation = new Uint8Array(4)
  new DataView(generation.buffer).setUint32(0, t.generation)
  assert.equal(
    toHex(expandWithLabel(crypto, hex(t.secret), t.label, generation, t.length)),
    t.out,
  )

  const s = entry.sign_with_label
  const key = crypto.importSigningKey(hex(s.priv))
  const verification = crypto.importVerificationKey(hex(s.pub))
  assert.ok(verification)
  assert.equal(toHex(crypto.ed25519PublicKey(hex(s.priv))), s.pub)
  assert.equal(
    verifyWithLabel(crypto, verification, s.label, hex(s.content), hex(s.signature)),
    true,
  )
  const signature = signWithLabel(crypto, key, s.label, hex(s.content))
  assert.equal(toHex(signature), s.signature)
  assert.equal(
    verifyWithLabel(crypto, verification, `${s.label}.`, hex(s.content), signature),
    false,
  )

  const h = entry.encrypt_with_label
  const info = encryptContext(h.label, hex(h.context))
  const open = (kemOutput: Uint8Array, ciphertext: Uint8Array) =>
    hpkeOpen(crypto, {
      recipientKey: crypto.importDhKey(hex(h.priv)),
      recipientPublicKey: hex(h.pub),
      info,
      additionalData: new Uint8Array(0),
      kemOutput,
      ciphertext,
    })
  assert.deepEqual(open(hex(h.kem_output), hex(h.ciphertext)), hex(h.plaintext))
  const sealed = hpkeSeal(crypto, {
    recipientPublicKey: hex(h.pub),
    ephemeralPrivateKey: new Uint8Array(32).fill(5),
    info,
    additionalData: new Uint8Array(0),
    plaintext: hex(h.plaintext),
  })
  assert.ok(sealed)
  assert.deepEqual(open(sealed.kemOutput, sealed.ciphertext), hex(h.plaintext))
}

/** The family. */
export const cryptoBasics: VectorFamily = family<Entry>({
  name: "crypto-basics",
  keys: [
    "ref_hash",
    "expand_with_label",
    "derive_secret",
    "derive_tree_secret",
    "sign_with_label",
    "encrypt_with_label",
  ],
  check,
})
