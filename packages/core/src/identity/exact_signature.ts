/**
 * What a signer's answer must be before anybody uses it.
 *
 * @module
 */
import { type EventTemplate, type NostrEvent, SignerError } from "../services/mod.ts"
import { eventId, verifyEvent } from "./event_verification.ts"
import type { PublicKey } from "./public_key.ts"

/**
 * Checks that an answer is exactly what was asked for, signed by the account that is pinned.
 *
 * @param answer whatever the signer returned; a fresh copy of it is returned
 * @throws {SignerError} `mismatch` for another author, `invalid` for another time, kind, tag or content,
 * and for an id or a signature that does not verify
 */
export function requireExactSignature(
  answer: unknown,
  template: EventTemplate,
  account: PublicKey,
): NostrEvent {
  let event: NostrEvent
  try {
    event = verifyEvent(answer)
  } catch {
    throw new SignerError({ operation: "sign", reason: "invalid" })
  }
  if (event.pubkey !== account) throw new SignerError({ operation: "sign", reason: "mismatch" })
  if (event.id !== eventId({ ...template, pubkey: account })) {
    throw new SignerError({ operation: "sign", reason: "invalid" })
  }
  return event
}
