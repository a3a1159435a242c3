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

/** The needles that occur in some bytes, by what they are. One pass over the bytes, however many. */
export function found(haystack: Uint8Array, needles: ReadonlyArray<Needle>): ReadonlyArray<string> {
  const byStart = new Map<number, Array<readonly [form: Uint8Array, what: string]>>()
  const isStart = new Uint8Array(0x10000)
  for (const needle of needles) {
    for (const form of formsOf(needle)) {
      const start = startOf(form, 0)
      isStart[start] = 1
      byStart.set(start, [...byStart.get(start) ?? [], [form, needle.what]])
    }
  }
  const hits = new Set<string>()
  for (let at = 0; at + SHORTEST_NEEDLE <= haystack.length; at++) {
    const start = startOf(haystack, at)
    if (isStart[start] === 0) continue
    for (const [form, what] of byStart.get(start) ?? []) {
      if (!hits.has(what) && standsAt(haystack, at, form)) hits.add(what)
    }
  }
  return needles.map((needle) => needle.what).filter((what, at, all) =>
    hits.has(what) && all.indexOf(what) === at
  )
}

const startOf = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0)

const standsAt = (haystack: Uint8Array, at: number, form: Uint8Array): boolean => {
  if (at + form.length > haystack.length) return false
  for (let i = 2; i < form.length; i++) if (haystack[at + i] !== form[i]) return false
  return true
}
