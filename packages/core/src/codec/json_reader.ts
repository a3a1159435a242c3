/**
 * A JSON reader (RFC 8259) for bytes that a stranger wrote. Unlike `JSON.parse` it refuses an object that
 * names a member twice, keeps integers exact and bounds depth.
 *
 * @module
 */
import { DecodeError, type DecodeReason } from "./decode_error.ts"
import { decodeUtf8 } from "./utf8.ts"

/**
 * A JSON value. An integer literal becomes a `bigint`, a literal with fraction or exponent (and `-0`) a
 * `number`, an object a `Map` in the order of its members.
 */
export type JsonValue =
  | null
  | boolean
  | string
  | bigint
  | number
  | ReadonlyArray<JsonValue>
  | ReadonlyMap<string, JsonValue>

/** Bounds of {@link readJson}. */
export interface JsonLimits {
  /** Refuse longer input, in bytes. Default 1 MiB. */
  readonly maxBytes?: number
  /** Refuse deeper nesting of arrays and objects. Default 32. */
  readonly maxDepth?: number
}

/**
 * Reads one JSON value; white space may surround it.
 *
 * @throws {DecodeError} `limit` (bytes, depth, digits of an integer), `truncated`, `trailing-bytes`, and
 * `invalid-value` for everything else: a member named twice, text that is not UTF-8, half a surrogate
 * pair, a byte order mark
 */
export function readJson(bytes: Uint8Array, limits: JsonLimits = {}): JsonValue {
  if (bytes.length > (limits.maxBytes ?? 1 << 20)) fail("limit")
  const reader = new JsonReader(decodeUtf8(bytes), limits.maxDepth ?? 32)
  return reader.document()
}

function fail(reason: DecodeReason): never {
  throw new DecodeError({ reason })
}

const WHITE = /[ \t\n\r]*/y
// Everything but control characters, quotation marks and backslashes.
const PLAIN = /[ !#-[\]-\uffff]*/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y
const ESCAPE = /u([0-9a-fA-F]{4})|(["\\/bfnrt])/y
const SHORT: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
}
const MAX_INTEGER_DIGITS = 40

class JsonReader {
  #text: string
  #depth: number
  #at = 0

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#depth = maxDepth
  }

  document(): JsonValue {
    this.#match(WHITE)
    const value = this.#value()
    this.#match(WHITE)
    if (this.#at !== this.#text.length) fail("trailing-bytes")
    return value
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match !== null) this.#at = pattern.lastIndex
    return match
  }

  #unexpected(): never {
    return fail(this.#at >= this.#text.length ? "truncated" : "invalid-value")
  }

  #take(expected: string): void {
    if (!this.#text.startsWith(expected, this.#at)) this.#unexpected()
    this.#at += expected.length
  }

  #value(): JsonValue {
    switch (this.#text[this.#at]) {
      case "{":
        return this.#nested(() => this.#object())
      case "[":
        return this.#nested(() => this.#array())
      case '"':
        return this.#string()
      case "t":
        this.#take("true")
        return true
      case "f":
        this.#take("false")
        return false
      case "n":
        this.#take("null")
        return null
      default:
        return this.#number()
    }
  }

  #nested<A>(read: () => A): A {
    if (this.#depth === 0) fail("limit")
    this.#depth--
    this.#at++
    this.#match(WHITE)
    const value = read()
    this.#depth++
    return value
  }

  #object(): ReadonlyMap<string, JsonValue> {
    const members = new Map<string, JsonValue>()
    if (this.#text[this.#at] === "}") return this.#end(members)
    for (;;) {
      const name = this.#string()
      if (members.has(name)) fail("invalid-value")
      this.#match(WHITE)
      this.#take(":")
      this.#match(WHITE)
      members.set(name, this.#value())
      this.#match(WHITE)
      if (this.#text[this.#at] === "}") return this.#end(members)
      this.#take(",")
      this.#match(WHITE)
    }
  }

  #array(): ReadonlyArray<JsonValue> {
    const items: Array<JsonValue> = []
    if (this.#text[this.#at] === "]") return this.#end(items)
    for (;;) {
      items.push(this.#value())
      this.#match(WHITE)
      if (this.#text[this.#at] === "]") return this.#end(items)
      this.#take(",")
      this.#match(WHITE)
    }
  }

  #end<A>(value: A): A {
    this.#at++
    return value
  }

  #string(): string {
    this.#take('"')
    let text = ""
    for (;;) {
      text += this.#match(PLAIN)?.[0] ?? ""
      const next = this.#text[this.#at]
      if (next === '"') {
        this.#at++
        if (!text.isWellFormed()) fail("invalid-value")
        return text
      }
      if (next !== "\\") this.#unexpected()
      this.#at++
      const escape = this.#match(ESCAPE) ?? this.#unexpected()
      text += escape[1] === undefined
        ? SHORT[escape[2] ?? ""] ?? ""
        : String.fromCharCode(Number.parseInt(escape[1], 16))
    }
  }

  #number(): bigint | number {
    const match = this.#match(NUMBER) ?? this.#unexpected()
    const literal = match[0]
    if (match[1] !== undefined || match[2] !== undefined || literal === "-0") return Number(literal)
    // Turning digits into a bigint costs the square of their number.
    if (literal.length > MAX_INTEGER_DIGITS) fail("limit")
    return BigInt(literal)
  }
}
