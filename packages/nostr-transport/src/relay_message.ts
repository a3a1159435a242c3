/**
 * Reads what a relay sends (NIP-01, 42). Whatever is not understood is counted, never an error.
 *
 * @module
 */
import type { NostrEvent } from "@mdk/core/services"
import { isHex64, readEvent } from "./event_shape.ts"
import { type ReasonPrefix, reasonPrefix } from "./reason_prefix.ts"

/** A message from a relay, shape-checked; the event is not verified. */
export type RelayMessage =
  | { readonly verb: "EVENT"; readonly subscription: string; readonly event: NostrEvent }
  | { readonly verb: "EOSE"; readonly subscription: string }
  | {
    readonly verb: "CLOSED"
    readonly subscription: string
    readonly prefix: ReasonPrefix | undefined
  }
  | {
    readonly verb: "OK"
    readonly id: string
    readonly accepted: boolean
    readonly prefix: ReasonPrefix | undefined
  }
  | { readonly verb: "AUTH"; readonly challenge: string }
  /** The relay's prose, which nobody needs. */
  | { readonly verb: "NOTICE" }
  | { readonly verb: "unreadable" }

const unreadable: RelayMessage = { verb: "unreadable" }

/** Longest challenge that is signed. */
const maxChallengeLength = 512

/** Reads one text frame. */
export function readRelayMessage(text: string): RelayMessage {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return unreadable
  }
  if (!Array.isArray(message)) return unreadable
  const [verb, first, second, third]: ReadonlyArray<unknown> = message
  if (typeof first !== "string") return unreadable
  switch (verb) {
    case "EVENT": {
      const event = readEvent(second)
      return event === undefined ? unreadable : { verb, subscription: first, event }
    }
    case "EOSE":
      return { verb, subscription: first }
    case "CLOSED":
      return { verb, subscription: first, prefix: reasonPrefix(second) }
    case "OK":
      if (!isHex64(first) || typeof second !== "boolean") return unreadable
      return { verb, id: first, accepted: second, prefix: reasonPrefix(third) }
    case "AUTH":
      if (first.length === 0 || first.length > maxChallengeLength) return unreadable
      return { verb, challenge: first }
    case "NOTICE":
      return { verb }
    default:
      return unreadable
  }
}
