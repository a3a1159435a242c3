/**
 * Every KeyPackage event and identity proof of a recorded conversation, judged as if it had just come
 * from a relay.
 *
 * @module
 */
import { decodeHex, encodeHex } from "@mdk/core/codec"
import { defaultCryptoProvider } from "@mdk/core/crypto"
import {
  accountProofFromEvent,
  accountProofTemplate,
  parsePublicKey,
  parseSecretKey,
  publicKeyOf,
  verifyAccountProof,
} from "@mdk/core/identity"
import { validateKeyPackageEvent } from "../../packages/core/src/key-package/mod.ts"
import type { RecordedAccount, RecordedKeyPackage } from "./transcript_schema.ts"

const crypto = defaultCryptoProvider()

/** What is wrong, or nothing. */
export function keyPackageDifference(
  account: RecordedAccount,
  recorded: RecordedKeyPackage,
  now: number,
): string | undefined {
  try {
    const valid = validateKeyPackageEvent(recorded.event, { crypto, now: BigInt(now) })
    if (valid.account !== account.nostr_public_key) return "account"
    if (encodeHex(valid.message) !== recorded.mls_message) return "message"
    if (valid.ref !== recorded.key_package_ref) return "reference"
    if (valid.slot !== (recorded.slot_id ?? valid.slot)) return "slot"
    const { notBefore, notAfter } = valid.lifetime
    if (
      notBefore !== BigInt(recorded.not_before ?? notBefore) ||
      notAfter !== BigInt(recorded.not_after ?? notAfter)
    ) return "lifetime"
    const { initKey, leafNode } = valid.keyPackage
    for (
      const [pair, key] of [
        [recorded.init_key, initKey],
        [recorded.leaf_encryption_key, leafNode.encryptionKey],
      ] as const
    ) {
      const made = encodeHex(crypto.x25519PublicKey(decodeHex(pair.private)))
      if (made !== pair.public || made !== encodeHex(key)) return "key pair"
    }
    return valid.lastResort === recorded.last_resort ? undefined : "last resort"
  } catch (error) {
    return `refused: ${error instanceof Error ? error.message : "?"}`
  }
}

/** What is wrong, or nothing. */
export function proofDifference(account: RecordedAccount): string | undefined {
  const key = decodeHex(account.mls_signature_key.public)
  const event = account.account_identity_proof_event
  try {
    const owner = parsePublicKey(account.nostr_public_key)
    if (publicKeyOf(parseSecretKey(account.nostr_secret_key)) !== owner) return "account's key pair"
    const seed = decodeHex(account.mls_signature_key.private)
    if (encodeHex(crypto.ed25519PublicKey(seed)) !== account.mls_signature_key.public) {
      return "signature key pair"
    }
    const template = accountProofTemplate({ signatureKey: key }, event.created_at)
    const proof = encodeHex(accountProofFromEvent(event, template, owner))
    for (const recorded of account.key_packages) {
      const bytes = decodeHex(recorded.account_identity_proof)
      verifyAccountProof(bytes, decodeHex(account.nostr_public_key), { signatureKey: key })
      if (recorded.account_identity_proof !== proof) return "another proof in a KeyPackage"
    }
    return undefined
  } catch (error) {
    return `refused: ${error instanceof Error ? error.message : "?"}`
  }
}
