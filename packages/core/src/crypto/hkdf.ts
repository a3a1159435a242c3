/**
 * HKDF-SHA-256 (RFC 5869), in its two steps.
 *
 * @module
 */
import type { CryptoProvider } from "./provider.ts"

const hashLength = 32
const noBytes = new Uint8Array(0)

/** HKDF-Extract: a pseudorandom key of 32 bytes, which the caller owns and zeroes. */
export function hkdfExtract(
  crypto: CryptoProvider,
  salt: Uint8Array,
  inputKeyMaterial: Uint8Array,
): Uint8Array {
  return crypto.hmacSha256(salt, inputKeyMaterial)
}

/**
 * HKDF-Expand: `length` bytes of output key material, which the caller owns and zeroes.
 *
 * @param length 0 to 8160 (255 blocks); more is a `RangeError`.
 */
export function hkdfExpand(
  crypto: CryptoProvider,
  pseudorandomKey: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  if (!Number.isSafeInteger(length) || length < 0 || length > 255 * hashLength) {
    throw new RangeError("HKDF output length must be 0 to 8160")
  }
  if (length <= hashLength) {
    if (length === 0) return noBytes.slice()
    const input = new Uint8Array(info.length + 1)
    input.set(info)
    input[info.length] = 1
    const block = crypto.hmacSha256(pseudorandomKey, input)
    if (length === hashLength) return block
    const output = block.slice(0, length)
    block.fill(0)
    return output
  }
  const output = new Uint8Array(length)
  let previous: Uint8Array = noBytes
  for (let done = 0, counter = 1; done < length; counter++) {
    const input = new Uint8Array(previous.length + info.length + 1)
    input.set(previous)
    input.set(info, previous.length)
    input[input.length - 1] = counter
    const block = crypto.hmacSha256(pseudorandomKey, input)
    input.fill(0)
    previous.fill(0)
    previous = block
    output.set(block.length > length - done ? block.subarray(0, length - done) : block, done)
    done += block.length
  }
  previous.fill(0)
  return output
}
