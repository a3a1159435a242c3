/**
 * Ids and signatures of Nostr events (NIP-01).
 *
 * @module
 */
import { type CanonicalEvent, canonicalEvent, decodeHex, encodeHex, isHex } from "../codec/mod.ts"
import { defaultCryptoProvider, schnorrSign, schnorrVerify, type Secret } from "../crypto/mod.ts"
import type { EventTemplate, NostrEvent, Rumor, UnsignedEvent } from "../services/mod.ts"
import { EventError } from "./event_error.ts"
import { publicKeyOf } from "./secret_key.ts"

/**
 * The id of an event: SHA-256 of its canonical form, 64 lower-case hex characters.
 *
 * @throws {DecodeError} `invalid-value` when a string holds half of a surrogate pair
 */
export function eventId(event: CanonicalEvent): string {
  return encodeHex(defaultCryptoProvider().sha256(canonicalEvent(event)))
}

/**
 * Signs a template with a key that lives in this process.
 *
 * @param auxiliaryRandomness 32 fresh random bytes
 */
export function signEvent(
  secret: Secret,
  template: EventTemplate,
  auxiliaryRandomness: Uint8Array,
): NostrEvent {
  const unsigned: UnsignedEvent = {
    pubkey: publicKeyOf(secret),
    created_at: template.created_at,
    kind: template.kind,
    tags: template.tags.map((tag) => [...tag]),
    content: template.content,
  }
  const id = eventId(unsigned)
  const sig = encodeHex(schnorrSign(secret.bytes, decodeHex(id), auxiliaryRandomness))
  return { id, ...unsigned, sig }
}

/**
 * Checks the shape of a rumor (an event without signature) and its id, and returns a fresh plain copy.
 * Members that no rumor has are dropped, a signature included.
 *
 * @throws {EventError} `malformed` or `wrong-id`
 */
export function verifyRumor(value: unknown): Rumor {
  const rumor = readRumor(value)
  if (rumor === undefined) throw new EventError({ reason: "malformed" })
  if (eventId(rumor) !== rumor.id) throw new EventError({ reason: "wrong-id" })
  return rumor
}

/**
 * Checks shape, id and signature of an event, and returns a fresh plain copy: nothing that somebody
 * noted on the object before is believed. Members that no event has are dropped.
 *
 * @throws {EventError}
 */
export function verifyEvent(value: unknown): NostrEvent {
  const sig = property(value, "sig")
  if (typeof sig !== "string" || !isHex(sig, 64)) throw new EventError({ reason: "malformed" })
  const rumor = verifyRumor(value)
  if (!schnorrVerify(decodeHex(rumor.pubkey), decodeHex(rumor.id), decodeHex(sig))) {
    throw new EventError({ reason: "bad-signature" })
  }
  return { ...rumor, sig }
}

const property = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined

const readRumor = (value: unknown): Rumor | undefined => {
  const id = property(value, "id")
  const pubkey = property(value, "pubkey")
  const created_at = property(value, "created_at")
  const kind = property(value, "kind")
  const content = property(value, "content")
  const tags = readTags(property(value, "tags"))
  if (typeof id !== "string" || !isHex(id, 32)) return undefined
  if (typeof pubkey !== "string" || !isHex(pubkey, 32)) return undefined
  if (!isInteger(created_at, Number.MAX_SAFE_INTEGER) || !isInteger(kind, 65_535)) return undefined
  if (tags === undefined || typeof content !== "string" || !content.isWellFormed()) return undefined
  return { id, pubkey, created_at, kind, tags, content }
}

const isInteger = (value: unknown, max: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max

const readTags = (value: unknown): ReadonlyArray<ReadonlyArray<string>> | undefined => {
  if (!Array.isArray(value)) return undefined
  const tags: Array<ReadonlyArray<string>> = []
  for (const tag of value) {
    if (!Array.isArray(tag)) return undefined
    const strings: Array<string> = []
    for (const item of tag) {
      if (typeof item !== "string" || !item.isWellFormed()) return undefined
      strings.push(item)
    }
    tags.push(strings)
  }
  return tags
}
