/**
 * Proves that an event is what its author signed: the id is the SHA-256 of the canonical form and
 * the signature is a BIP-340 one over that id (NIP-01).
 *
 * Hash and signature are separate steps because their cost differs a hundredfold: the id is checked
 * before an event is compared with those already seen, the signature only for events that are new.
 *
 * @module
 */
import { canonicalEvent, decodeHex, encodeHex } from "@mdk/core/codec"
import { defaultCryptoProvider, schnorrVerify } from "@mdk/core/crypto"
import type { NostrEvent } from "@mdk/core/services"

/** Checks signatures; the id was checked before. May answer at once or later (worker, WebAssembly). */
export type SignatureVerifier = (event: NostrEvent) => boolean | Promise<boolean>

/** True when `event.id` is the hash of the event's canonical form. Never throws. */
export function hasOwnId(event: NostrEvent): boolean {
  try {
    return encodeHex(defaultCryptoProvider().sha256(canonicalEvent(event))) === event.id
  } catch {
    return false
  }
}

/**
 * True when the author signed `event.id`; the id itself is checked with {@link hasOwnId}.
 * Synchronous, pure JavaScript, about a millisecond; never throws.
 */
export function hasOwnSignature(event: NostrEvent): boolean {
  try {
    return schnorrVerify(
      decodeHex(event.pubkey, 32),
      decodeHex(event.id, 32),
      decodeHex(event.sig, 64),
    )
  } catch {
    return false
  }
}
