/**
 * Values between programs written for libSQL and the engine.
 *
 * @module
 */
import type { InArgs, InStatement, IntMode, InValue, Value } from "@libsql/core/api"
import type { ProgramValue, ProgramValues } from "../driver/port.ts"

const MIN_INTEGER = -(2n ** 63n)
const MAX_INTEGER = 2n ** 63n - 1n

/** A statement in its two halves. */
export function splitStatement(
  statement: InStatement | [string, InArgs?],
  args?: InArgs,
): { readonly sql: string; readonly values: ProgramValues } {
  if (typeof statement === "string") return { sql: statement, values: toParameters(args) }
  if (Array.isArray(statement)) return { sql: statement[0], values: toParameters(statement[1]) }
  return { sql: statement.sql, values: toParameters(statement.args) }
}

function toParameters(args: InArgs | undefined): ProgramValues {
  if (args === undefined) return []
  if (Array.isArray(args)) return args.map(toSql)
  const named: Record<string, ProgramValue> = {}
  for (const [name, value] of Object.entries(args)) {
    named[/^[:@$]/.test(name) ? name.slice(1) : name] = toSql(value)
  }
  return named
}

/**
 * Throws a `RangeError` for numbers that are not finite and integers of more than 64 bits, a
 * `TypeError` for what is no value.
 */
function toSql(value: InValue): ProgramValue {
  switch (typeof value) {
    case "string":
      return value
    case "number":
      if (!Number.isFinite(value)) throw new RangeError("only finite numbers are values")
      return value
    case "bigint":
      if (value < MIN_INTEGER || value > MAX_INTEGER) {
        throw new RangeError("integers have at most 64 bits")
      }
      return value
    case "boolean":
      return value ? 1n : 0n
    case "object":
      if (value === null) return null
      if (value instanceof Uint8Array) return value
      if (value instanceof ArrayBuffer) return new Uint8Array(value)
      if (value instanceof Date) return value.valueOf()
  }
  throw new TypeError("this is not a value of a database")
}

/** Throws a `RangeError` for an integer beyond 2^53 in the mode `number`. */
export function fromSql(value: ProgramValue, mode: IntMode): Value {
  if (typeof value === "bigint") {
    if (mode === "bigint") return value
    if (mode === "string") return value.toString()
    const number = Number(value)
    if (!Number.isSafeInteger(number)) {
      throw new RangeError("the integer has no exact number; choose another intMode")
    }
    return number
  }
  if (value instanceof Uint8Array) {
    const copy = new ArrayBuffer(value.length)
    new Uint8Array(copy).set(value)
    return copy
  }
  return value
}
