/**
 * Media types in the one form that Marmot signs and authenticates.
 *
 * @module
 */

const PART = /^[a-z0-9!#$&\-^_.+%'*`|~]{1,64}$/

/**
 * The canonical form of a media type: parameters cut at `;`, ASCII white space trimmed, lower case,
 * `image/jpg` as `image/jpeg`. `undefined` when it is not two tokens of 1 to 64 characters around one `/`.
 */
export function canonicalMediaType(text: string): string | undefined {
  const bare = (text.split(";", 1)[0] ?? "").replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, "")
  const lower = bare.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  const parts = lower.split("/")
  if (parts.length !== 2 || !parts.every((part) => PART.test(part))) return undefined
  return lower === "image/jpg" ? "image/jpeg" : lower
}
