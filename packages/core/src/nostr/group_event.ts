/**
 * Kind 445: an MLS message under the key that the group's epoch exports.
 *
 * Content: base64 of nonce (12) ‖ ChaCha20-Poly1305 of the MLSMessage without additional data. Tags: one
 * `h`, and on application messages of groups with retention one `expiration`; nothing else.
 *
 * @module
 */
import { decodeBase64, encodeBase64, isHex } from "../codec/mod.ts"
import { defaultCryptoProvider } from "../crypto/mod.ts"
import type { EntropyService, NostrEvent } from "../services/mod.ts"
import { refuseEnvelope } from "./envelope_error.ts"
import { signEphemeral } from "./ephemeral_key.ts"
import { eventBytes, maxEventBytes } from "./event_json.ts"
import { NostrKind } from "./nostr_kind.ts"

const NONCE_BYTES = 12
const MIN_BYTES = 28
const nothing = new Uint8Array()

/** What a kind 445 event is made of. */
export interface GroupEventInput {
  /** The group's public address in the epoch that the message belongs to, 64 lower-case hex. */
  readonly nostrGroupId: string
  /** Exporter `group-event` of the epoch that the message belongs to, 32 bytes. */
  readonly key: Uint8Array
  /** The complete MLSMessage. */
  readonly message: Uint8Array
  /** Unix seconds: the inner time of an application message, now for anything else. */
  readonly createdAt: number
  /** Unix seconds; only on application messages of epochs with retention. */
  readonly expiration?: bigint
}

/** A kind 445 event whose shape is right; its content is still sealed. */
export interface SealedGroupEvent {
  /** Id of the event. */
  readonly id: string
  /** The address in the `h` tag. */
  readonly nostrGroupId: string
  /** `created_at` of the envelope; decides nothing. */
  readonly createdAt: number
  /** Nonce ‖ ciphertext, at least 28 bytes. */
  readonly sealed: Uint8Array
}

/**
 * Seals and signs a group message with a fresh key.
 *
 * @throws {EnvelopeError} `too-large` when the event would exceed 65 536 bytes
 */
export function sealGroupEvent(input: GroupEventInput, entropy: EntropyService): NostrEvent {
  // Without this bound a huge message would be encrypted and encoded before it is refused.
  if (input.message.length > maxEventBytes) refuseEnvelope("too-large")
  const nonce = entropy.bytes(NONCE_BYTES)
  const ciphertext = defaultCryptoProvider()
    .chacha20Poly1305Seal(input.key, nonce, input.message, nothing)
  const sealed = new Uint8Array(NONCE_BYTES + ciphertext.length)
  sealed.set(nonce)
  sealed.set(ciphertext, NONCE_BYTES)
  const event = signEphemeral({
    kind: NostrKind.groupEvent,
    created_at: input.createdAt,
    tags: input.expiration === undefined
      ? [["h", input.nostrGroupId]]
      : [["h", input.nostrGroupId], ["expiration", input.expiration.toString()]],
    content: encodeBase64(sealed),
  }, entropy)
  if (eventBytes(event) > maxEventBytes) refuseEnvelope("too-large")
  return event
}

/**
 * Reads the envelope of a verified event.
 *
 * @param event id and signature were verified
 * @throws {EnvelopeError} `wrong-kind`, `bad-tags` (shape of the event), `bad-content` (its base64, or
 * fewer than 28 bytes)
 */
export function readGroupEvent(event: NostrEvent): SealedGroupEvent {
  if (event.kind !== NostrKind.groupEvent) refuseEnvelope("wrong-kind")
  let address: string | undefined
  let expires = false
  for (const [name, value, ...more] of event.tags) {
    if (value === undefined || more.length > 0) refuseEnvelope("bad-tags")
    if (name === "h" && address === undefined && isHex(value, 32)) address = value
    else if (name === "expiration" && !expires && isUnsigned64(value)) expires = true
    else refuseEnvelope("bad-tags")
  }
  if (address === undefined) return refuseEnvelope("bad-tags")
  return {
    id: event.id,
    nostrGroupId: address,
    createdAt: event.created_at,
    sealed: decodeSealed(event.content),
  }
}

/**
 * Tries one epoch's key.
 *
 * @returns the bytes of the MLSMessage, or `undefined` when the key does not fit
 */
export function openGroupEvent(event: SealedGroupEvent, key: Uint8Array): Uint8Array | undefined {
  return defaultCryptoProvider().chacha20Poly1305Open(
    key,
    event.sealed.subarray(0, NONCE_BYTES),
    event.sealed.subarray(NONCE_BYTES),
    nothing,
  )
}

const isUnsigned64 = (text: string): boolean =>
  /^[0-9]{1,20}$/.test(text) && BigInt(text) <= 0xffff_ffff_ffff_ffffn

const decodeSealed = (content: string): Uint8Array => {
  let sealed: Uint8Array
  try {
    sealed = decodeBase64(content)
  } catch {
    return refuseEnvelope("bad-content")
  }
  return sealed.length < MIN_BYTES ? refuseEnvelope("bad-content") : sealed
}
