/**
 * The primitives in pure JavaScript (`@noble/*`): works wherever JavaScript runs, and is the
 * reference that the native implementations are compared with.
 *
 * @module
 */
import { gcm } from "@noble/ciphers/aes.js"
import { chacha20poly1305 } from "@noble/ciphers/chacha.js"
import { ed25519, x25519 } from "@noble/curves/ed25519.js"
import { hmac } from "@noble/hashes/hmac.js"
import { sha256, sha512 } from "@noble/hashes/sha2.js"
import { isAllZero, requireLength } from "./argument_size.ts"
import { isStrictPoint, isStrictSignature } from "./ed25519_strict.ts"
import type { CryptoProvider, DhKey, SigningKey, VerificationKey } from "./provider.ts"
import { Secret } from "./secret.ts"

type Point = InstanceType<typeof ed25519.Point>

class NobleSigningKey implements SigningKey {
  readonly kind = "ed25519-signing"
  readonly #seed: Secret
  readonly wipe: () => void

  constructor(seed: Uint8Array) {
    this.#seed = Secret.copyOf(seed)
    this.wipe = () => this.#seed.wipe()
  }

  static seedOf(key: SigningKey): Uint8Array {
    if (!(key instanceof NobleSigningKey)) throw new TypeError("key of another provider")
    return key.#seed.bytes
  }
}

class NobleVerificationKey implements VerificationKey {
  readonly kind = "ed25519-verification"
  readonly #encoded: Uint8Array
  // Undefined for an encoding that is no point of the curve: such a key verifies nothing.
  readonly #point: Point | undefined

  constructor(encoded: Uint8Array, point: Point | undefined) {
    this.#encoded = encoded
    this.#point = point
  }

  static verify(key: VerificationKey, message: Uint8Array, signature: Uint8Array): boolean {
    if (!(key instanceof NobleVerificationKey)) throw new TypeError("key of another provider")
    const point = key.#point
    if (point === undefined || !isStrictSignature(signature)) return false
    const r = signature.subarray(0, 32)
    const hash = sha512.create().update(r).update(key.#encoded).update(message).digest()
    const k = littleEndian(hash) % ed25519.Point.Fn.ORDER
    const s = littleEndian(signature.subarray(32))
    const expected = ed25519.Point.BASE.multiplyUnsafe(s).subtract(point.multiplyUnsafe(k))
      .toBytes()
    return expected.every((byte, i) => byte === r[i])
  }
}

class NobleDhKey implements DhKey {
  readonly kind = "x25519"
  readonly #privateKey: Secret
  readonly wipe: () => void

  constructor(privateKey: Uint8Array) {
    this.#privateKey = Secret.copyOf(privateKey)
    this.wipe = () => this.#privateKey.wipe()
  }

  static privateKeyOf(key: DhKey): Uint8Array {
    if (!(key instanceof NobleDhKey)) throw new TypeError("key of another provider")
    return key.#privateKey.bytes
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
  return value
}

function attempt<T>(compute: () => T): T | undefined {
  try {
    return compute()
  } catch {
    return undefined
  }
}

const tagLength = 16

/** The primitives in pure JavaScript. */
export const nobleCryptoProvider: CryptoProvider = {
  name: "noble",
  sha256: (data) => sha256(data),
  hmacSha256: (key, data) => hmac(sha256, key, data),
  aes128GcmSeal: (key, nonce, plaintext, additionalData) => {
    requireLength(key, 16, "AES-128 key")
    requireLength(nonce, 12, "nonce")
    return gcm(key, nonce, additionalData).encrypt(plaintext)
  },
  aes128GcmOpen: (key, nonce, ciphertext, additionalData) => {
    requireLength(key, 16, "AES-128 key")
    requireLength(nonce, 12, "nonce")
    if (ciphertext.length < tagLength) return undefined
    return attempt(() => gcm(key, nonce, additionalData).decrypt(ciphertext))
  },
  chacha20Poly1305Seal: (key, nonce, plaintext, additionalData) => {
    requireLength(key, 32, "ChaCha20 key")
    requireLength(nonce, 12, "nonce")
    return chacha20poly1305(key, nonce, additionalData).encrypt(plaintext)
  },
  chacha20Poly1305Open: (key, nonce, ciphertext, additionalData) => {
    requireLength(key, 32, "ChaCha20 key")
    requireLength(nonce, 12, "nonce")
    if (ciphertext.length < tagLength) return undefined
    return attempt(() => chacha20poly1305(key, nonce, additionalData).decrypt(ciphertext))
  },
  ed25519PublicKey: (seed) => {
    requireLength(seed, 32, "Ed25519 seed")
    return ed25519.getPublicKey(seed)
  },
  importSigningKey: (seed) => {
    requireLength(seed, 32, "Ed25519 seed")
    return new NobleSigningKey(seed)
  },
  importVerificationKey: (publicKey) => {
    if (!isStrictPoint(publicKey)) return undefined
    const encoded = publicKey.slice()
    return new NobleVerificationKey(encoded, attempt(() => ed25519.Point.fromBytes(encoded)))
  },
  sign: (key, message) => ed25519.sign(message, NobleSigningKey.seedOf(key)),
  verify: (key, message, signature) => NobleVerificationKey.verify(key, message, signature),
  x25519PublicKey: (privateKey) => {
    requireLength(privateKey, 32, "X25519 private key")
    return x25519.getPublicKey(privateKey)
  },
  importDhKey: (privateKey) => {
    requireLength(privateKey, 32, "X25519 private key")
    return new NobleDhKey(privateKey)
  },
  dhPublicKey: (key) => x25519.getPublicKey(NobleDhKey.privateKeyOf(key)),
  dh: (key, publicKey) => {
    const privateKey = NobleDhKey.privateKeyOf(key)
    if (publicKey.length !== 32) return undefined
    const shared = attempt(() => x25519.getSharedSecret(privateKey, publicKey))
    return shared === undefined || isAllZero(shared) ? undefined : shared
  },
}
