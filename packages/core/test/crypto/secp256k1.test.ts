import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import {
  isSecp256k1PrivateKey,
  isSecp256k1PublicKey,
  schnorrSign,
  schnorrVerify,
  secp256k1PublicKey,
  secp256k1SharedX,
} from "../../src/crypto/secp256k1.ts"
import { hex } from "./providers.ts"

const three = hex("00".repeat(31) + "03")
const groupOrder = hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")

test("BIP-340 vector 0", () => {
  const publicKey = hex("f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9")
  const signature = hex(
    "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca8215" +
      "25f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0",
  )
  const message = new Uint8Array(32)
  assert.deepEqual(secp256k1PublicKey(three), publicKey)
  assert.deepEqual(schnorrSign(three, message, new Uint8Array(32)), signature)
  assert.equal(schnorrVerify(publicKey, message, signature), true)
})

test("a changed signature, message or key does not verify", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(63), (message, place) => {
      const publicKey = secp256k1PublicKey(three)
      const signature = schnorrSign(three, message, message)
      assert.equal(schnorrVerify(publicKey, message, signature), true)
      const changed = signature.slice()
      changed[place] = (changed[place] as number) ^ 1
      assert.equal(schnorrVerify(publicKey, message, changed), false)
      const otherMessage = message.slice()
      otherMessage[place % 32] = (otherMessage[place % 32] as number) ^ 1
      assert.equal(schnorrVerify(publicKey, otherMessage, signature), false)
      assert.equal(schnorrVerify(publicKey, message, signature.slice(1)), false)
      assert.equal(schnorrVerify(publicKey.slice(1), message, signature), false)
      assert.equal(schnorrVerify(new Uint8Array(32).fill(0xff), message, signature), false)
    }),
    { numRuns: 8 },
  )
})

test("private keys are 1 to n - 1", () => {
  assert.equal(isSecp256k1PrivateKey(three), true)
  assert.equal(isSecp256k1PrivateKey(new Uint8Array(32)), false)
  assert.equal(isSecp256k1PrivateKey(groupOrder), false)
  assert.equal(isSecp256k1PrivateKey(three.slice(1)), false)
  for (const key of [new Uint8Array(32), groupOrder]) {
    assert.throws(() => secp256k1PublicKey(key), RangeError)
    assert.throws(() => schnorrSign(key, three, three), RangeError)
    assert.throws(() => secp256k1SharedX(key, secp256k1PublicKey(three)), RangeError)
  }
})

test("a public key must be the x coordinate of a point", () => {
  assert.equal(isSecp256k1PublicKey(secp256k1PublicKey(three)), true)
  // BIP-340 vectors 5 and 14: not on the curve, and above the field size.
  for (
    const bad of [
      "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34",
      "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30",
    ]
  ) {
    assert.equal(isSecp256k1PublicKey(hex(bad)), false)
    assert.equal(secp256k1SharedX(three, hex(bad)), undefined)
  }
  assert.equal(isSecp256k1PublicKey(new Uint8Array(31)), false)
})

test("both sides compute the same shared coordinate", () => {
  const five = hex("00".repeat(31) + "05")
  const shared = secp256k1SharedX(three, secp256k1PublicKey(five))
  assert.deepEqual(shared, secp256k1SharedX(five, secp256k1PublicKey(three)))
  // x coordinate of 15·G.
  assert.deepEqual(
    shared,
    hex("d7924d4f7d43ea965a465ae3095ff41131e5946f3c85f79e44adbcf8e27e080e"),
  )
})
