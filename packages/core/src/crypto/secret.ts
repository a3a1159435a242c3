/**
 * Secret bytes with an owner: they print as nothing, compare in constant time and can be zeroed.
 *
 * @module
 */
import * as Redactable from "effect/Redactable"

const nodeInspect = Symbol.for("nodejs.util.inspect.custom")
const denoInspect = Symbol.for("Deno.customInspect")

/**
 * Bytes that nobody may print and that somebody will zero.
 *
 * A `Secret` owns its buffer. Whoever holds the last use calls {@link Secret.wipe}; afterwards every
 * access throws a `TypeError`, so that a use after the end is a loud bug and never a zero key.
 */
export class Secret {
  #bytes: Uint8Array | undefined

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Takes ownership of a buffer: the caller must not use it any more. */
  static take(bytes: Uint8Array): Secret {
    return new Secret(bytes)
  }

  /** Copies bytes that somebody else owns. */
  static copyOf(bytes: Uint8Array): Secret {
    return new Secret(bytes.slice())
  }

  /** The live buffer, not a copy: do not keep it beyond the `Secret`. */
  get bytes(): Uint8Array {
    if (this.#bytes === undefined) throw new TypeError("secret was wiped")
    return this.#bytes
  }

  /** Length in bytes. */
  get length(): number {
    return this.bytes.length
  }

  /** True after {@link Secret.wipe}. */
  get wiped(): boolean {
    return this.#bytes === undefined
  }

  /** A second `Secret` with a buffer of its own. */
  clone(): Secret {
    return new Secret(this.bytes.slice())
  }

  /** Zeroes the buffer and ends the `Secret`. Repeating it is harmless. */
  wipe(): void {
    this.#bytes?.fill(0)
    this.#bytes = undefined
  }

  /** Compares in time that depends on the lengths only. */
  equals(other: Secret | Uint8Array): boolean {
    return equalBytes(this.bytes, other instanceof Secret ? other.bytes : other)
  }

  /** Prints as `<secret>`. */
  toString(): string {
    return "<secret>"
  }

  /** Serializes as `<secret>`. */
  toJSON(): string {
    return "<secret>"
  }
}

// Symbol-keyed methods cannot be declared in a class under isolatedDeclarations.
for (const symbol of [nodeInspect, denoInspect, Redactable.symbolRedactable]) {
  Object.defineProperty(Secret.prototype, symbol, { value: () => "<secret>" })
}

/** Compares two byte strings in time that depends on their lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}
