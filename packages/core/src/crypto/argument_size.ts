/**
 * Refusal of arguments whose size is a bug of the caller.
 *
 * @module
 */

/** Throws a `RangeError` unless `bytes` has exactly `length` bytes. */
export function requireLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length !== length) throw new RangeError(`${what} must have ${length} bytes`)
}

/** True when every byte is zero; looks at all of them. */
export function isAllZero(bytes: Uint8Array): boolean {
  let bits = 0
  for (let i = 0; i < bytes.length; i++) bits |= bytes[i] as number
  return bits === 0
}
