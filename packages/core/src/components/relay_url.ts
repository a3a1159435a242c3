/**
 * Addresses of relays as Marmot signs them: compared byte by byte, never rewritten.
 *
 * @module
 */
import type * as Brand from "effect/Brand"

/** An absolute `ws:` or `wss:` address. */
export type RelayUrl = string & Brand.Brand<"RelayUrl">

/** Longest address in UTF-8 bytes. */
export const maxRelayUrlBytes = 512 as const
/** Most relays of one group, or of one Welcome. */
export const maxRelays = 16 as const

/**
 * Whether a text is the address of a relay: 1 to 512 bytes, absolute, `ws` or `wss`, with a host,
 * without credentials and without a fragment. Whether anybody should connect there is another question.
 */
export function isRelayUrl(text: string): text is RelayUrl {
  if (text === "" || text.length > maxRelayUrlBytes || !text.isWellFormed()) return false
  if (new TextEncoder().encode(text).length > maxRelayUrlBytes || text.includes("#")) return false
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return false
  }
  return (url.protocol === "wss:" || url.protocol === "ws:") && url.hostname !== "" &&
    url.username === "" && url.password === ""
}
