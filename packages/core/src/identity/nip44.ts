/**
 * NIP-44 v2 with a key that lives in this process.
 *
 * @module
 */
import {
  decrypt as decryptNip44,
  encrypt as encryptNip44,
  getConversationKey,
} from "nostr-tools/nip44"
import { encodeUtf8 } from "../codec/mod.ts"
import { Secret } from "../crypto/mod.ts"
import type { PublicKey } from "./public_key.ts"

/** Longest plaintext in UTF-8 bytes; what is longer does not fit an event of 64 KiB anyway. */
export const maxNip44PlaintextBytes = 65_408 as const

/**
 * Longest payload in characters: base64 of version, nonce, the padded plaintext of at most 65 536
 * bytes with its length, and the code.
 */
export const maxNip44PayloadLength = 87_472 as const

/**
 * The key that two accounts share; costs one Diffie-Hellman. The caller wipes it.
 *
 * @throws {Error} when the peer is no point of the curve
 */
export function conversationKey(secret: Secret, peer: PublicKey): Secret {
  return Secret.take(getConversationKey(secret.bytes, peer))
}

/**
 * Encrypts for the other holder of a conversation key.
 *
 * @param nonce 32 fresh random bytes
 * @throws {RangeError} for an empty plaintext or one beyond {@link maxNip44PlaintextBytes}
 * @throws {DecodeError} for half of a surrogate pair
 */
export function sealNip44(key: Secret, plaintext: string, nonce: Uint8Array): string {
  const { length } = encodeUtf8(plaintext)
  if (length < 1 || length > maxNip44PlaintextBytes) {
    throw new RangeError("plaintext must have 1 to 65408 bytes")
  }
  return encryptNip44(plaintext, key.bytes, nonce)
}

/** Decrypts; `undefined` for anything that was not sealed with this key, without detail. */
export function openNip44(key: Secret, payload: string): string | undefined {
  if (payload.length > maxNip44PayloadLength) return undefined
  try {
    return decryptNip44(payload, key.bytes)
  } catch {
    return undefined
  }
}
