/**
 * The canonical form of a Nostr event (NIP-01): the bytes that its id is the SHA-256 of.
 *
 * @module
 */
import { encodeUtf8 } from "./utf8.ts"

/** The parts of an event that its id covers. */
export interface CanonicalEvent {
  /** Author, as written. */
  readonly pubkey: string
  /** Unix seconds. Times beyond 2^53 are only exact as `bigint`. */
  readonly created_at: number | bigint
  /** Kind. */
  readonly kind: number | bigint
  /** Tags, in order. */
  readonly tags: ReadonlyArray<ReadonlyArray<string>>
  /** Content. */
  readonly content: string
}

/**
 * Writes `[0,pubkey,created_at,kind,tags,content]` as compact UTF-8 JSON. Only `"`, `\` and the
 * control characters below U+0020 are escaped, with the short escapes where JSON has them.
 *
 * @throws {DecodeError} `invalid-value` when a string holds half of a surrogate pair
 */
export function canonicalEvent(event: CanonicalEvent): Uint8Array {
  const tags = event.tags.map((tag) => `[${tag.map(quote).join(",")}]`).join(",")
  const text = `[0,${quote(event.pubkey)},${event.created_at},${event.kind},[${tags}],${
    quote(event.content)
  }]`
  return encodeUtf8(text)
}

// JSON.stringify would hide half surrogates behind an escape that other implementations do not write.
const quote = (text: string): string => {
  if (!text.isWellFormed()) encodeUtf8(text)
  return JSON.stringify(text)
}
