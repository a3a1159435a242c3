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
