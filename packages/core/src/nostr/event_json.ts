/**
 * Events as JSON text, for what travels inside other events.
 *
 * @module
 */
import { encodeUtf8, type JsonValue, readJson } from "../codec/mod.ts"
import type { NostrEvent, Rumor } from "../services/mod.ts"

/** The largest event that relays commonly take, in bytes of JSON. */
export const maxEventBytes = 65_536 as const

/** Writes an event or a rumor as compact JSON. */
export function encodeEventJson(event: NostrEvent | Rumor): string {
  const { id, pubkey, created_at, kind, tags, content } = event
  const rumor = { id, pubkey, created_at, kind, tags, content }
  return JSON.stringify("sig" in event ? { ...rumor, sig: event.sig } : rumor)
}

/** Size of an event in bytes of compact JSON. */
export function eventBytes(event: NostrEvent | Rumor): number {
  return encodeUtf8(encodeEventJson(event)).length
}

/**
 * Reads JSON text into plain values, to be verified by `verifyEvent` or `verifyRumor`.
 *
 * @throws {DecodeError} also for an object that names a member twice
 */
export function decodeEventJson(text: string): unknown {
  return plain(readJson(encodeUtf8(text), { maxDepth: 8 }))
}

const plain = (value: JsonValue): unknown => {
  if (typeof value === "bigint") return Number(value)
  if (typeof value !== "object" || value === null) return value
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, item]) => [name, plain(item)]))
  }
  return Array.isArray(value) ? value.map(plain) : value
}
