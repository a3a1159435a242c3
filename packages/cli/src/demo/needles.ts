/**
 * Searches files for things that must not be in them, in every form in which they could be written.
 *
 * @module
 */
import { Buffer } from "node:buffer"

/** Shorter ones would be found by chance. */
export const SHORTEST_NEEDLE = 8

/** Something that must not be found. */
export interface Needle {
  /** What it is, for the report; not the thing itself. */
  readonly what: string
  /** Its bytes. */
  readonly bytes: Uint8Array
  /** True when it is a text, which can also be written in UTF-16. */
  readonly text: boolean
}

/** A text as a needle. */
export function textNeedle(what: string, text: string): Needle {
  return { what, bytes: new TextEncoder().encode(text), text: true }
}

/** Bytes, given in hex, as a needle. */
export function hexNeedle(what: string, hex: string): Needle {
  return { what, bytes: Buffer.from(hex, "hex"), text: false }
}

/** The forms of a needle: raw, hex, base64 at each of the three alignments, UTF-16. */
export function formsOf(needle: Needle): ReadonlyArray<Buffer> {
  const raw = Buffer.from(needle.bytes)
  if (raw.length < SHORTEST_NEEDLE) return []
  const hex = raw.toString("hex")
  const forms: Array<Buffer> = [raw, Buffer.from(hex), Buffer.from(hex.toUpperCase())]
  for (const skip of [0, 1, 2]) {
    // Only whole groups of three bytes read the same whatever stands before and after them.
    const whole = raw.subarray(skip, skip + Math.floor((raw.length - skip) / 3) * 3)
    const base64 = whole.toString("base64")
    forms.push(
      Buffer.from(base64),
      Buffer.from(base64.replaceAll("+", "-").replaceAll("/", "_")),
    )
  }
  if (needle.text) {
    const little = Buffer.from(raw.toString("utf8"), "utf16le")
    forms.push(little, Buffer.from(little).swap16())
  }
  return forms.filter((form) => form.length >= SHORTEST_NEEDLE)
}

/** The needles that occur in some bytes, by what they are. */
export function found(haystack: Uint8Array, needles: ReadonlyArray<Needle>): ReadonlyArray<string> {
  const bytes = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength)
  return needles
    .filter((needle) => formsOf(needle).some((form) => bytes.includes(form)))
    .map((needle) => needle.what)
}
