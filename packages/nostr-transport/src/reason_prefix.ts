/**
 * The machine-readable prefix of a relay's reasons (NIP-01), and what to make of it.
 *
 * @module
 */

/** The prefixes that mean something to us. */
export type ReasonPrefix =
  | "duplicate"
  | "pow"
  | "blocked"
  | "rate-limited"
  | "invalid"
  | "restricted"
  | "mute"
  | "unsupported"
  | "auth-required"
  | "error"

const known: ReadonlySet<string> = new Set<ReasonPrefix>([
  "duplicate",
  "pow",
  "blocked",
  "rate-limited",
  "invalid",
  "restricted",
  "mute",
  "unsupported",
  "auth-required",
  "error",
])

const isKnown = (word: string): word is ReasonPrefix => known.has(word)

/**
 * Reads the prefix. `ERROR: auth-required: …`, as strfry writes it, counts as `auth-required`.
 *
 * @returns `undefined` when the text has no prefix that means something; the rest of the text is
 * never kept
 */
export function reasonPrefix(reason: unknown): ReasonPrefix | undefined {
  if (typeof reason !== "string") return undefined
  const [first = "", second = ""] = reason.slice(0, 64).toLowerCase().split(":", 2)
    .map((word) => word.trim())
  if (first === "error" && isKnown(second)) return second
  return isKnown(first) && reason.includes(":") ? first : undefined
}

/**
 * How to react to a refusal.
 *
 * - `authenticate`: prove who asks, then once more
 * - `later`: the same may succeed after a while
 * - `never`: the same will be refused again
 */
export function refusalAdvice(
  prefix: ReasonPrefix | undefined,
): "authenticate" | "later" | "never" {
  if (prefix === "auth-required") return "authenticate"
  return prefix === "rate-limited" || prefix === "error" ? "later" : "never"
}
