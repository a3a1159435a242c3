import assert from "node:assert/strict"
import { describe, test } from "node:test"
import fc from "fast-check"
import { hmacSha256Short, sha256Short } from "../../src/crypto/sha256_short.ts"
import type { CryptoProvider } from "../../src/crypto/mod.ts"
import { hex, providers } from "./providers.ts"

const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const data = fc.uint8Array({ maxLength: 300, size: "max" })

function agree<T>(compute: (crypto: CryptoProvider) => T): T {
  const [first, ...others] = providers.map(compute)
  for (const other of others) assert.deepEqual(other, first)
  return first as T
}

describe("native and pure implementations give equal results", () => {
  test("hash and HMAC, around every block boundary", () => {
    fc.assert(
      fc.property(data, fc.uint8Array({ maxLength: 140, size: "max" }), (input, key) => {
        const digest = agree((c) => c.sha256(input))
        assert.deepEqual(sha256Short(input), digest)
        const tag = agree((c) => c.hmacSha256(key, input))
        if (key.length <= 64) assert.deepEqual(hmacSha256Short(key, input), tag)
      }),
      { numRuns: 300 },
    )
    for (let length = 0; length < 260; length++) {
      const input = new Uint8Array(length).fill(length)
      assert.deepEqual(sha256Short(input), agree((c) => c.sha256(input)))
    }
  })

  test("AEAD: each opens what the other sealed, nobody opens what was changed", () => {
    const ciphers = [
      { keyLength: 16, seal: "aes128GcmSeal", open: "aes128GcmOpen" },
      { keyLength: 32, seal: "chacha20Poly1305Seal", open: "chacha20Poly1305Open" },
    ] as const
    for (const { keyLength, seal, open } of ciphers) {
      fc.assert(fc.property(
        exactly(keyLength),
        exactly(12),
        data,
        data,
        fc.nat(),
        fc.integer({ min: 0, max: 7 }),
        (key, nonce, plaintext, additional, place, bit) => {
          const sealed = agree((c) => c[seal](key, nonce, plaintext, additional))
          assert.equal(sealed.length, plaintext.length + 16)
          assert.deepEqual(agree((c) => c[open](key, nonce, sealed, additional)), plaintext)
          const changed = sealed.slice()
          const at = place % changed.length
          changed[at] = (changed[at] as number) ^ (1 << bit)
          assert.equal(agree((c) => c[open](key, nonce, changed, additional)), undefined)
          const other = Uint8Array.from([...additional, 0])
          assert.equal(agree((c) => c[open](key, nonce, sealed, other)), undefined)
          assert.equal(agree((c) => c[open](key, nonce, sealed.slice(1), additional)), undefined)
          assert.equal(
            agree((c) => c[open](key, nonce, sealed.slice(0, 15), additional)),
            undefined,
          )
        },
      ))
    }
  })

  test("Ed25519: keys, signatures and verdicts", () => {
    fc.assert(
      fc.property(exactly(32), data, fc.nat(), (seed, message, place) => {
        const publicKey = agree((c) => c.ed25519PublicKey(seed))
        const signature = agree((c) => c.sign(c.importSigningKey(seed), message))
        const verdict = (m: Uint8Array, s: Uint8Array, key = publicKey) =>
          agree((c) => {
            const imported = c.importVerificationKey(key)
            return imported === undefined ? "no key" : c.verify(imported, m, s)
          })
        assert.equal(verdict(message, signature), true)
        const changed = signature.slice()
        changed[place % 64] = (changed[place % 64] as number) ^ (1 << (place % 8))
        assert.equal(verdict(message, changed), false)
        assert.equal(verdict(Uint8Array.from([...message, 0]), signature), false)
        assert.equal(verdict(message, signature.slice(0, 63)), false)
        verdict(message, signature, seed)
      }),
      { numRuns: 60 },
    )
  })

  test("X25519: keys and shared secrets", () => {
    fc.assert(
      fc.property(exactly(32), exactly(32), (a, b) => {
        const publicB = agree((c) => c.x25519PublicKey(b))
        assert.deepEqual(agree((c) => c.dhPublicKey(c.importDhKey(b))), publicB)
        const shared = agree((c) => c.dh(c.importDhKey(a), publicB))
        assert.deepEqual(agree((c) => c.dh(c.importDhKey(b), c.x25519PublicKey(a))), shared)
        agree((c) => c.dh(c.importDhKey(a), b))
      }),
      { numRuns: 60 },
    )
    const smallOrder = [
      "00".repeat(32),
      "01" + "00".repeat(31),
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ec" + "ff".repeat(30) + "7f",
      "ed" + "ff".repeat(30) + "7f",
      "ee" + "ff".repeat(30) + "7f",
      "ee" + "ff".repeat(31),
    ]
    const key = new Uint8Array(32).fill(5)
    for (const point of smallOrder) {
      assert.equal(agree((c) => c.dh(c.importDhKey(key), hex(point))), undefined)
    }
    assert.equal(agree((c) => c.dh(c.importDhKey(key), new Uint8Array(31))), undefined)
    for (const coordinate of ["f0" + "ff".repeat(30) + "7f", "09" + "00".repeat(30) + "80"]) {
      assert.notEqual(agree((c) => c.dh(c.importDhKey(key), hex(coordinate))), undefined)
    }
  })
})

describe("arguments", () => {
  test("a wrong size is a RangeError in every implementation", () => {
    const b = (length: number) => new Uint8Array(length)
    for (const c of providers) {
      assert.throws(() => c.aes128GcmSeal(b(32), b(12), b(1), b(0)), RangeError)
      assert.throws(() => c.aes128GcmOpen(b(16), b(8), b(20), b(0)), RangeError)
      assert.throws(() => c.chacha20Poly1305Seal(b(16), b(12), b(1), b(0)), RangeError)
      assert.throws(() => c.chacha20Poly1305Open(b(32), b(24), b(20), b(0)), RangeError)
      assert.throws(() => c.importSigningKey(b(31)), RangeError)
      assert.throws(() => c.ed25519PublicKey(b(33)), RangeError)
      assert.throws(() => c.importDhKey(b(0)), RangeError)
      assert.throws(() => c.x25519PublicKey(b(31)), RangeError)
    }
  })

  test("keys belong to their provider, end with wipe and print as nothing", () => {
    const seed = Uint8Array.from({ length: 32 }, (_, i) => 200 + i % 7)
    const [a, b] = [providers[0] as CryptoProvider, providers[1] as CryptoProvider]
    for (const [own, other] of [[a, b], [b, a]] as const) {
      const signing = own.importSigningKey(seed)
      const dh = own.importDhKey(seed)
      assert.throws(() => other.sign(signing, seed), TypeError)
      assert.throws(() => other.dh(dh, seed), TypeError)
      for (const key of [signing, dh]) {
        assert.doesNotMatch(JSON.stringify(key), /20[0-6]/)
        key.wipe()
        key.wipe()
      }
      assert.throws(() => own.sign(signing, seed), TypeError)
      assert.throws(() => own.dh(dh, seed), TypeError)
    }
  })

  test("results own their memory and arguments stay as they are", () => {
    for (const c of providers) {
      const key = new Uint8Array(32).fill(3)
      const results = [
        c.sha256(key),
        c.hmacSha256(key, key),
        c.hmacSha256(key, new Uint8Array(500)),
        c.aes128GcmSeal(key.slice(16), key.slice(20), key, key),
        c.chacha20Poly1305Seal(key, key.slice(20), key, key),
        c.sign(c.importSigningKey(key), key),
        c.x25519PublicKey(key),
      ]
      for (const result of results) {
        assert.equal(Object.getPrototypeOf(result), Uint8Array.prototype)
        assert.equal(result.buffer.byteLength, result.length)
      }
      assert.deepEqual(key, new Uint8Array(32).fill(3))
    }
  })
})
