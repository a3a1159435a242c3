/**
 * Reads an untrusted JSON value as a Nostr event (NIP-01): shape and bounds only, nothing is
 * verified here.
 *
 * The result is always a freshly built plain object. That matters: nostr-tools marks verified
 * events with a symbol that survives a spread, and a marked copy with other content would pass.
 *
 * @module
 */
import type { NostrEvent } from "@mdk/core/services"

const hex64 = /^[0-9a-f]{64}$/
const hex128 = /^[0-9a-f]{128}$/

/** Most tags that an event may carry before it is not looked at any further. */
export const maxEventTags = 20_000

/** True for 64 lower-case hex characters: an event id or a public key. */
export function isHex64(value: unknown): value is string {
  return typeof value === "string" && hex64.test(value)
}

/** True for a valid event kind: an integer from 0 to 65 535. */
export function isKind(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65_535
}

/** True for unix seconds: a non-negative safe integer. */
export function isTimestamp(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
}

/** True for an array of strings. */
export function isStringArray(value: unknown): value is ReadonlyArray<string> {
  return Array.isArray(value) && value.every((item) => typeof item === "string")
}

/** True for an object that is neither `null` nor an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/**
 * Reads one event. Unknown members are dropped.
 *
 * @returns a fresh plain object, or `undefined` when any member is missing or has the wrong form.
 */
export function readEvent(value: unknown): NostrEvent | undefined {
  if (!isRecord(value)) return undefined
  const { id, pubkey, created_at, kind, tags, content, sig } = value
  if (!isHex64(id) || !isHex64(pubkey) || !isTimestamp(created_at) || !isKind(kind)) {
    return undefined
  }
  if (typeof content !== "string" || typeof sig !== "string" || !hex128.test(sig)) return undefined
  if (!Array.isArray(tags) || tags.length > maxEventTags || !tags.every(isStringArray)) {
    return undefined
  }
  return { id, pubkey, created_at, kind, tags, content, sig }
}

/** Value of the first tag of that name, or `undefined` when there is none. */
export function firstTag(event: NostrEvent, name: string): string | undefined {
  return event.tags.find((tag) => tag[0] === name)?.[1]
}
