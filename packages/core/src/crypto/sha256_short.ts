/**
 * SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) for short inputs. On Node and Deno a call into
 * the native library costs more than hashing a few blocks in JavaScript, and the MLS key schedule and
 * ratchets consist of such calls.
 *
 * Works in one set of scratch buffers, which are zeroed after each use: not re-entrant, which plain
 * synchronous code cannot be.
 *
 * @module
 */

const roundConstants = new Int32Array(64)
const initialState = new Int32Array(8)
const state = new Int32Array(8)
const schedule = new Int32Array(64)
const block = new Uint8Array(64)
const inner = new Uint8Array(32)

// The constants are the first 32 bits of the fractions of cube and square roots of the first primes.
for (let candidate = 2, found = 0; found < 64; candidate++) {
  let prime = true
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) {
    if (candidate % divisor === 0) {
      prime = false
      break
    }
  }
  if (!prime) continue
  if (found < 8) initialState[found] = rootFraction(BigInt(candidate), 2n)
  roundConstants[found++] = rootFraction(BigInt(candidate), 3n)
}

// Bits behind the point of the integer's root of that degree: floor(root · 2^32) by bisection.
function rootFraction(integer: bigint, degree: bigint): number {
  const target = integer << (32n * degree)
  let low = 0n
  let high = 1n << 40n
  while (high - low > 1n) {
    const middle = (low + high) >> 1n
    if (middle ** degree <= target) low = middle
    else high = middle
  }
  return Number(BigInt.asIntN(32, low))
}

function compress(bytes: Uint8Array, offset: number): void {
  for (let i = 0, at = offset; i < 16; i++, at += 4) {
    schedule[i] = (bytes[at] as number) << 24 | (bytes[at + 1] as number) << 16 |
      (bytes[at + 2] as number) << 8 | (bytes[at + 3] as number)
  }
  for (let i = 16; i < 64; i++) {
    const w15 = schedule[i - 15] as number
    const w2 = schedule[i - 2] as number
    const s0 = (w15 >>> 7 | w15 << 25) ^ (w15 >>> 18 | w15 << 14) ^ (w15 >>> 3)
    const s1 = (w2 >>> 17 | w2 << 15) ^ (w2 >>> 19 | w2 << 13) ^ (w2 >>> 10)
    schedule[i] = (schedule[i - 16] as number) + s0 + (schedule[i - 7] as number) + s1
  }
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  let e = state[4] as number
  let f = state[5] as number
  let g = state[6] as number
  let h = state[7] as number
  for (let i = 0; i < 64; i++) {
    const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (roundConstants[i] as number) +
      (schedule[i] as number)) | 0
    const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  state[0] = (state[0] as number) + a
  state[1] = (state[1] as number) + b
  state[2] = (state[2] as number) + c
  state[3] = (state[3] as number) + d
  state[4] = (state[4] as number) + e
  state[5] = (state[5] as number) + f
  state[6] = (state[6] as number) + g
  state[7] = (state[7] as number) + h
}

// Hashes `data` after `before` bytes (a multiple of 64) that were compressed already.
function finish(data: Uint8Array, before: number, output: Uint8Array): void {
  let at = 0
  for (; at + 64 <= data.length; at += 64) compress(data, at)
  const left = data.length - at
  block.fill(0)
  for (let i = 0; i < left; i++) block[i] = data[at + i] as number
  block[left] = 0x80
  if (left >= 56) {
    compress(block, 0)
    block.fill(0)
  }
  const bits = (before + data.length) * 8
  const high = Math.floor(bits / 0x1_0000_0000)
  for (let i = 0; i < 4; i++) {
    block[59 - i] = high >>> (8 * i)
    block[63 - i] = bits >>> (8 * i)
  }
  compress(block, 0)
  for (let i = 0; i < 8; i++) {
    const word = state[i] as number
    output[4 * i] = word >>> 24
    output[4 * i + 1] = word >>> 16
    output[4 * i + 2] = word >>> 8
    output[4 * i + 3] = word
  }
}

function clean(): void {
  state.fill(0)
  schedule.fill(0)
  block.fill(0)
}

/** SHA-256 of `data`: right for any length, worth it below about 100 bytes. */
export function sha256Short(data: Uint8Array): Uint8Array {
  const output = new Uint8Array(32)
  state.set(initialState)
  finish(data, 0, output)
  clean()
  return output
}

/** HMAC-SHA-256 with a key of at most 64 bytes: right for any data, worth it below about 100. */
export function hmacSha256Short(key: Uint8Array, data: Uint8Array): Uint8Array {
  if (key.length > 64) throw new RangeError("HMAC key must have at most 64 bytes here")
  const output = new Uint8Array(32)
  startWithPad(key, 0x36)
  finish(data, 64, inner)
  startWithPad(key, 0x5c)
  finish(inner, 64, output)
  inner.fill(0)
  clean()
  return output
}

function startWithPad(key: Uint8Array, pad: number): void {
  state.set(initialState)
  block.fill(pad)
  for (let i = 0; i < key.length; i++) block[i] = (key[i] as number) ^ pad
  compress(block, 0)
}
