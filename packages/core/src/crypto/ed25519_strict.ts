/**
 * The checks that make Ed25519 verification strict and equal everywhere. Libraries disagree about
 * keys and nonces of small order and about coordinates that are not reduced (RFC 8032 leaves room);
 * here such inputs are refused before any library sees them.
 *
 * @module
 */

/** 2^255 - 19, little-endian. */
const fieldPrime = fromHex("ed" + "ff".repeat(30) + "7f")

/** Order of the prime subgroup, little-endian. */
const groupOrder = fromHex("edd3f55c1a631258d69cf7a2def9de14" + "0".repeat(30) + "10")

/** The y coordinates of the eight points whose order divides 8, little-endian, sign bit cleared. */
const smallOrder: ReadonlyArray<Uint8Array> = [
  fromHex("00".repeat(32)),
  fromHex("01" + "00".repeat(31)),
  fromHex("ec" + "ff".repeat(30) + "7f"),
  fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
  fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
]

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16))
}

/**
 * True for the 32-byte encoding of a point that a strict verifier may use: y is below 2^255 - 19 and
 * the order of the point does not divide 8. Does not check that the point lies on the curve.
 */
export function isStrictPoint(bytes: Uint8Array): boolean {
  return bytes.length === 32 && isBelow(bytes, 0, fieldPrime, 0x7f) &&
    !smallOrder.some((y) => sameCoordinate(bytes, y))
}

/** True for 64 bytes R ‖ S with R as in {@link isStrictPoint} and S below the group order. */
export function isStrictSignature(signature: Uint8Array): boolean {
  return signature.length === 64 && isBelow(signature, 32, groupOrder, 0xff) &&
    isStrictPoint(signature.subarray(0, 32))
}

function isBelow(bytes: Uint8Array, offset: number, bound: Uint8Array, topMask: number): boolean {
  for (let i = 31; i >= 0; i--) {
    const byte = (bytes[offset + i] as number) & (i === 31 ? topMask : 0xff)
    const limit = bound[i] as number
    if (byte !== limit) return byte < limit
  }
  return false
}

function sameCoordinate(bytes: Uint8Array, y: Uint8Array): boolean {
  for (let i = 0; i < 31; i++) if (bytes[i] !== y[i]) return false
  return ((bytes[31] as number) & 0x7f) === y[31]
}
