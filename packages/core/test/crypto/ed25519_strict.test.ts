import assert from "node:assert/strict"
import { test } from "node:test"
import { ed25519, ED25519_TORSION_SUBGROUP } from "@noble/curves/ed25519.js"
import { sha512 } from "@noble/hashes/sha2.js"
import { isStrictPoint, isStrictSignature } from "../../src/crypto/ed25519_strict.ts"
import { ascii, hex, providers } from "./providers.ts"

const { Point } = ed25519
const order = Point.Fn.ORDER
const message = ascii("the same verdict everywhere")

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function encodeScalar(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}

function challenge(r: Uint8Array, a: Uint8Array): bigint {
  return littleEndian(sha512(Uint8Array.from([...r, ...a, ...message]))) % order
}

function verdicts(publicKey: Uint8Array, signature: Uint8Array): Array<boolean | undefined> {
  return providers.map((c) => {
    const key = c.importVerificationKey(publicKey)
    return key === undefined ? undefined : c.verify(key, message, signature)
  })
}

const torsion = ED25519_TORSION_SUBGROUP.map((encoded) => Point.fromHex(encoded))

test("no point of small order and no coordinate above the prime is a key", () => {
  for (const encoded of ED25519_TORSION_SUBGROUP) {
    for (const sign of [0, 0x80]) {
      const bytes = hex(encoded)
      bytes[31] = (bytes[31] as number) & 0x7f | sign
      assert.equal(isStrictPoint(bytes), false)
      assert.deepEqual(verdicts(bytes, new Uint8Array(64)), providers.map(() => undefined))
    }
  }
  for (let low = 0xed; low <= 0xff; low++) {
    for (const high of [0x7f, 0xff]) {
      const bytes = new Uint8Array(32).fill(0xff)
      bytes[0] = low
      bytes[31] = high
      assert.equal(isStrictPoint(bytes), false)
    }
  }
  assert.equal(isStrictPoint(Point.BASE.toBytes()), true)
  assert.equal(isStrictPoint(new Uint8Array(31)), false)
})

test("S must be reduced", () => {
  const seed = new Uint8Array(32).fill(9)
  const crypto = providers[0]
  assert.ok(crypto)
  const signature = crypto.sign(crypto.importSigningKey(seed), message)
  const publicKey = crypto.ed25519PublicKey(seed)
  assert.deepEqual(verdicts(publicKey, signature), providers.map(() => true))
  const unreduced = signature.slice()
  unreduced.set(encodeScalar(littleEndian(signature.slice(32)) + order), 32)
  assert.equal(isStrictSignature(unreduced), false)
  assert.deepEqual(verdicts(publicKey, unreduced), providers.map(() => false))
})

test("a nonce of small order is refused", () => {
  const a = 12345n
  const publicKey = Point.BASE.multiply(a).toBytes()
  for (const point of torsion) {
    const r = point.toBytes()
    const s = encodeScalar(challenge(r, publicKey) * a % order)
    assert.deepEqual(
      verdicts(publicKey, Uint8Array.from([...r, ...s])),
      providers.map(() => false),
    )
  }
})

test("a torsion component in R or A decides the same way everywhere", () => {
  const a = 6789n
  const nonce = 424242n
  let accepted = 0
  for (const inKey of torsion) {
    for (const inNonce of torsion) {
      const publicKey = Point.BASE.multiply(a).add(inKey).toBytes()
      const r = Point.BASE.multiply(nonce).add(inNonce).toBytes()
      const k = challenge(r, publicKey)
      const s = encodeScalar((nonce + k * a) % order)
      const answers = verdicts(publicKey, Uint8Array.from([...r, ...s]))
      // Without the cofactor the torsion parts must cancel: T_R + k·T_A = 0.
      const cancels = inNonce.add(inKey.multiplyUnsafe(k % 8n)).is0()
      assert.deepEqual(answers, providers.map(() => cancels))
      if (cancels) accepted++
    }
  }
  assert.ok(accepted >= 1)
})

test("an encoding that is no point of the curve verifies nothing", () => {
  let found = 0
  for (let y = 2; found < 10; y++) {
    const bytes = new Uint8Array(32)
    bytes[0] = y
    try {
      Point.fromBytes(bytes)
    } catch {
      found++
      assert.deepEqual(verdicts(bytes, new Uint8Array(64).fill(1)), providers.map(() => false))
    }
  }
})
