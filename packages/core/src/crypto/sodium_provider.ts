/**
 * The primitives by libsodium: optional, for applications that bring `sodium-native` and want its
 * faster Ed25519 and X25519 on Node. Never required and never imported here; the caller hands the
 * module in. Hashes, HMAC and AES-GCM, which libsodium does not have, come from another provider.
 *
 * @module
 */
import { isAllZero, requireLength } from "./argument_size.ts"
import { isStrictPoint, isStrictSignature } from "./ed25519_strict.ts"
import type { CryptoProvider, DhKey, SigningKey, VerificationKey } from "./provider.ts"
import { Secret } from "./secret.ts"

/** The functions of `sodium-native` that are used; every one writes into its first arguments. */
export interface SodiumModule {
  /** Key pair of a seed. */
  readonly crypto_sign_seed_keypair: (
    publicKey: Uint8Array,
    secretKey: Uint8Array,
    seed: Uint8Array,
  ) => void
  /** Signs. */
  readonly crypto_sign_detached: (
    signature: Uint8Array,
    message: Uint8Array,
    secretKey: Uint8Array,
  ) => void
  /** Verifies. */
  readonly crypto_sign_verify_detached: (
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array,
  ) => boolean
  /** X25519 with the base point. */
  readonly crypto_scalarmult_base: (publicKey: Uint8Array, privateKey: Uint8Array) => void
  /** X25519; throws for an all-zero result. */
  readonly crypto_scalarmult: (
    shared: Uint8Array,
    privateKey: Uint8Array,
    publicKey: Uint8Array,
  ) => void
  /** ChaCha20-Poly1305. */
  readonly crypto_aead_chacha20poly1305_ietf_encrypt: (
    ciphertext: Uint8Array,
    plaintext: Uint8Array,
    additionalData: Uint8Array | null,
    secretNonce: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ) => number
  /** ChaCha20-Poly1305; throws when it does not authenticate. */
  readonly crypto_aead_chacha20poly1305_ietf_decrypt: (
    plaintext: Uint8Array,
    secretNonce: null,
    ciphertext: Uint8Array,
    additionalData: Uint8Array | null,
    nonce: Uint8Array,
    key: Uint8Array,
  ) => number
}

class SodiumSigningKey implements SigningKey {
  readonly kind = "ed25519-signing"
  readonly #secretKey: Secret
  readonly wipe: () => void

  constructor(secretKey: Uint8Array) {
    this.#secretKey = Secret.take(secretKey)
    this.wipe = () => this.#secretKey.wipe()
  }

  static open(key: SigningKey): Uint8Array {
    if (!(key instanceof SodiumSigningKey)) throw new TypeError("key of another provider")
    return key.#secretKey.bytes
  }
}

class SodiumVerificationKey implements VerificationKey {
  readonly kind = "ed25519-verification"
  readonly #publicKey: Uint8Array

  constructor(publicKey: Uint8Array) {
    this.#publicKey = publicKey
  }

  static open(key: VerificationKey): Uint8Array {
    if (!(key instanceof SodiumVerificationKey)) throw new TypeError("key of another provider")
    return key.#publicKey
  }
}

class SodiumDhKey implements DhKey {
  readonly kind = "x25519"
  readonly #privateKey: Secret
  readonly wipe: () => void

  constructor(privateKey: Uint8Array) {
    this.#privateKey = Secret.copyOf(privateKey)
    this.wipe = () => this.#privateKey.wipe()
  }

  static open(key: DhKey): Uint8Array {
    if (!(key instanceof SodiumDhKey)) throw new TypeError("key of another provider")
    return key.#privateKey.bytes
  }
}

const tagLength = 16

/**
 * Puts libsodium in front of another provider.
 *
 * @param sodium the module `sodium-native`.
 * @param rest where hashes, HMAC and AES-GCM come from: `defaultCryptoProvider()`.
 *
 * @example
 * ```ts ignore
 * import sodium from "sodium-native"
 * import { defaultCryptoProvider, makeSodiumCryptoProvider } from "@mdk/core/crypto"
 *
 * const crypto = makeSodiumCryptoProvider(sodium, defaultCryptoProvider())
 * ```
 */
export function makeSodiumCryptoProvider(
  sodium: SodiumModule,
  rest: CryptoProvider,
): CryptoProvider {
  return {
    name: "sodium",
    sha256: rest.sha256,
    hmacSha256: rest.hmacSha256,
    aes128GcmSeal: rest.aes128GcmSeal,
    aes128GcmOpen: rest.aes128GcmOpen,
    chacha20Poly1305Seal: (key, nonce, plaintext, additionalData) => {
      requireLength(key, 32, "ChaCha20 key")
      requireLength(nonce, 12, "nonce")
      const output = new Uint8Array(plaintext.length + tagLength)
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
        output,
        plaintext,
        additionalData.length === 0 ? null : additionalData,
        null,
        nonce,
        key,
      )
      return output
    },
    chacha20Poly1305Open: (key, nonce, ciphertext, additionalData) => {
      requireLength(key, 32, "ChaCha20 key")
      requireLength(nonce, 12, "nonce")
      if (ciphertext.length < tagLength) return undefined
      const output = new Uint8Array(ciphertext.length - tagLength)
      try {
        sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
          output,
          null,
          ciphertext,
          additionalData.length === 0 ? null : additionalData,
          nonce,
          key,
        )
        return output
      } catch {
        output.fill(0)
        return undefined
      }
    },
    ed25519PublicKey: (seed) => {
      const { publicKey, secretKey } = keyPair(sodium, seed)
      secretKey.fill(0)
      return publicKey
    },
    importSigningKey: (seed) => new SodiumSigningKey(keyPair(sodium, seed).secretKey),
    importVerificationKey: (publicKey) =>
      isStrictPoint(publicKey) ? new SodiumVerificationKey(publicKey.slice()) : undefined,
    sign: (key, message) => {
      const signature = new Uint8Array(64)
      sodium.crypto_sign_detached(signature, message, SodiumSigningKey.open(key))
      return signature
    },
    verify: (key, message, signature) => {
      const publicKey = SodiumVerificationKey.open(key)
      return isStrictSignature(signature) &&
        sodium.crypto_sign_verify_detached(signature, message, publicKey)
    },
    x25519PublicKey: (privateKey) => {
      requireLength(privateKey, 32, "X25519 private key")
      return basePointMultiple(sodium, privateKey)
    },
    importDhKey: (privateKey) => {
      requireLength(privateKey, 32, "X25519 private key")
      return new SodiumDhKey(privateKey)
    },
    dhPublicKey: (key) => basePointMultiple(sodium, SodiumDhKey.open(key)),
    dh: (key, publicKey) => {
      const privateKey = SodiumDhKey.open(key)
      if (publicKey.length !== 32) return undefined
      const shared = new Uint8Array(32)
      try {
        sodium.crypto_scalarmult(shared, privateKey, publicKey)
      } catch {
        return undefined
      }
      return isAllZero(shared) ? undefined : shared
    },
  }
}

function keyPair(sodium: SodiumModule, seed: Uint8Array): {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
} {
  requireLength(seed, 32, "Ed25519 seed")
  const publicKey = new Uint8Array(32)
  const secretKey = new Uint8Array(64)
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed)
  return { publicKey, secretKey }
}

function basePointMultiple(sodium: SodiumModule, privateKey: Uint8Array): Uint8Array {
  const publicKey = new Uint8Array(32)
  sodium.crypto_scalarmult_base(publicKey, privateKey)
  return publicKey
}
