/**
 * Proves that an event is what its author signed: the id is the SHA-256 of the canonical form and
 * the signature is a BIP-340 one over that id (NIP-01).
 *
 * Hash and signature are separate steps because their cost differs a hundredfold: the id is checked
 * before an event is compared with those already seen, the signature only for events that are new.
 *
 * @module
 */
import type { NostrEvent } from "@mdk/core/services"
import { getEventHash, verifyEvent } from "nostr-tools/pure"

/** Checks signatures; the id was checked before. May answer at once or later (worker, WebAssembly). */
export type SignatureVerifier = (event: NostrEvent) => boolean | Promise<boolean>

function copy(event: NostrEvent) {
  return {
    id: event.id,
    pubkey: event.pubkey,
    created_at: event.created_at,
    kind: event.kind,
    tags: event.tags.map((tag) => [...tag]),
    content: event.content,
    sig: event.sig,
  }
}

/** True when `event.id` is the hash of the event's canonical form. */
export function hasOwnId(event: NostrEvent): boolean {
  try {
    return getEventHash(copy(event)) === event.id
  } catch {
    return false
  }
}

/** True when id and signature are genuine. Synchronous, pure JavaScript, never throws. */
export const verifySignature: SignatureVerifier & ((event: NostrEvent) => boolean) = (event) => {
  try {
    return verifyEvent(copy(event))
  } catch {
    return false
  }
}
