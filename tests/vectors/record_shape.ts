/**
 * Checks of the shape of recorded JSON: what is missing or of another kind throws, and the error names
 * the place and never a value.
 *
 * @module
 */

/** Checks a value; `at` is its place in the file. */
export type Shape = (value: unknown, at: string) => void

/** Throws because of a place. */
export function wrong(at: string, expected: string): never {
  throw new Error(`unknown schema: ${at} is not ${expected}`)
}

/** A number from 0. */
export const count: Shape = (value, at) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) wrong(at, "a number from 0")
}

/** Any text. */
export const text: Shape = (value, at) => {
  if (typeof value !== "string") wrong(at, "a text")
}

/** True or false. */
export const flag: Shape = (value, at) => {
  if (typeof value !== "boolean") wrong(at, "true or false")
}

/** Lowercase hexadecimal, of so many bytes where that is said. */
export const hexOf = (bytes?: number): Shape => (value, at) => {
  if (
    typeof value !== "string" || !/^([0-9a-f]{2})*$/.test(value) ||
    (bytes !== undefined && value.length !== bytes * 2)
  ) wrong(at, "lowercase hexadecimal")
}

/** One of these. */
export const oneOf = (...values: ReadonlyArray<unknown>): Shape => (value, at) => {
  if (!values.includes(value)) wrong(at, values.join(" or "))
}

/** A list of such items, of so many where that is said. */
export const list = (item: Shape, length?: number): Shape => (value, at) => {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) {
    wrong(at, "a list")
  }
  value.forEach((one, i) => item(one, `${at}[${i}]`))
}

/** May be absent. */
export const optional = (shape: Shape): Shape => (value, at) => {
  if (value !== undefined) shape(value, at)
}

/** May be null. */
export const nullable = (shape: Shape): Shape => (value, at) => {
  if (value !== null) shape(value, at)
}

function objectAt(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) wrong(at, "an object")
  return value as Readonly<Record<string, unknown>>
}

/** An object with these fields; further ones are for readers. */
export const record = (fields: Readonly<Record<string, Shape>>): Shape => (value, at) => {
  const found = objectAt(value, at)
  for (const [name, shape] of Object.entries(fields)) shape(found[name], `${at}.${name}`)
}

/** An object with these fields only: an expectation that is not understood cannot be checked. */
export const closed = (fields: Readonly<Record<string, Shape>>): Shape => (value, at) => {
  record(fields)(value, at)
  for (const name of Object.keys(objectAt(value, at))) {
    if (!Object.hasOwn(fields, name)) wrong(`${at}.${name}`, "known")
  }
}

/** An object that maps any name to such a value. */
export const mapOf = (item: Shape): Shape => (value, at) => {
  for (const [name, one] of Object.entries(objectAt(value, at))) item(one, `${at}.${name}`)
}

/** Parses JSON; the parser's own words would quote the file. */
export function parseJson(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    throw new Error("not JSON")
  }
}

/** JSON with sorted members; numbers and bigints alike. */
export const canonical = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, inner) => {
    if (typeof inner === "bigint") return Number(inner)
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1))
  })
