/**
 * The synchronous primitives of MLS ciphersuite 0x0001 and of Nostr's envelopes, behind one
 * interface with several implementations that give equal results.
 *
 * Sizes: keys of Ed25519 and X25519 32 bytes, signatures 64, AES-128 keys 16, ChaCha20 keys 32, AEAD
 * nonces 12, AEAD tags 16 (appended to the ciphertext), SHA-256 and HMAC results 32.
 *
 * An argument of a wrong size is a bug of the caller and throws a `RangeError`; only what an
 * outsider may send (public keys, signatures, ciphertexts) is answered with `undefined` or `false`.
 * No implementation keeps, changes or returns the memory of an argument.
 *
 * @module
 */

/**
 * An Ed25519 private key, imported once and used often. Prints as nothing. Belongs to the provider
 * that made it: another one throws a `TypeError`.
 */
export interface SigningKey {
  /** Discriminant. */
  readonly kind: "ed25519-signing"
  /** Drops the key; a later use throws a `TypeError`. Repeating it is harmless. */
  readonly wipe: () => void
}

/** An Ed25519 public key, imported once and used often; belongs to the provider that made it. */
export interface VerificationKey {
  /** Discriminant. */
  readonly kind: "ed25519-verification"
}

/**
 * An X25519 private key, imported once and used often. Prints as nothing. Belongs to the provider
 * that made it: another one throws a `TypeError`.
 */
export interface DhKey {
  /** Discriminant. */
  readonly kind: "x25519"
  /** Drops the key; a later use throws a `TypeError`. Repeating it is harmless. */
  readonly wipe: () => void
}

/** The primitives. Everything is synchronous and deterministic. */
export interface CryptoProvider {
  /** Name for benchmarks and diagnostics: `node`, `noble`, … */
  readonly name: string

  /** SHA-256 of `data`, 32 bytes. */
  readonly sha256: (data: Uint8Array) => Uint8Array

  /** HMAC-SHA-256 (RFC 2104), 32 bytes; `key` of any length. */
  readonly hmacSha256: (key: Uint8Array, data: Uint8Array) => Uint8Array

  /** AES-128-GCM: ciphertext ‖ tag. */
  readonly aes128GcmSeal: (
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    additionalData: Uint8Array,
  ) => Uint8Array

  /** Opens ciphertext ‖ tag; `undefined` when it is too short or does not authenticate. */
  readonly aes128GcmOpen: (
    key: Uint8Array,
    nonce: Uint8Array,
    ciphertext: Uint8Array,
    additionalData: Uint8Array,
  ) => Uint8Array | undefined

  /** ChaCha20-Poly1305 (RFC 8439): ciphertext ‖ tag. */
  readonly chacha20Poly1305Seal: (
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    additionalData: Uint8Array,
  ) => Uint8Array

  /** Opens ciphertext ‖ tag; `undefined` when it is too short or does not authenticate. */
  readonly chacha20Poly1305Open: (
    key: Uint8Array,
    nonce: Uint8Array,
    ciphertext: Uint8Array,
    additionalData: Uint8Array,
  ) => Uint8Array | undefined

  /** The public key of an Ed25519 seed (the 32-byte private key of RFC 8032). */
  readonly ed25519PublicKey: (seed: Uint8Array) => Uint8Array

  /** Imports an Ed25519 seed; the seed is copied. */
  readonly importSigningKey: (seed: Uint8Array) => SigningKey

  /**
   * Imports an Ed25519 public key. `undefined` for anything but 32 bytes, for a coordinate that is
   * not reduced, and for a point of small order: with such a key one signature would fit many
   * messages. Whether the point lies on the curve shows in {@link CryptoProvider.verify}.
   */
  readonly importVerificationKey: (publicKey: Uint8Array) => VerificationKey | undefined

  /** The Ed25519 signature (RFC 8032) of `message`, 64 bytes. */
  readonly sign: (key: SigningKey, message: Uint8Array) => Uint8Array

  /**
   * Verifies strictly and without the cofactor: S is reduced, R is not of small order, and the
   * encoding of S·B - k·A equals R. All providers agree on every input, so that no crafted signature
   * can be valid for some members of a group only.
   */
  readonly verify: (key: VerificationKey, message: Uint8Array, signature: Uint8Array) => boolean

  /** The public key of an X25519 private key (RFC 7748; clamped inside). */
  readonly x25519PublicKey: (privateKey: Uint8Array) => Uint8Array

  /** Imports an X25519 private key of 32 bytes; it is copied. */
  readonly importDhKey: (privateKey: Uint8Array) => DhKey

  /** The public key of an imported X25519 private key; cheaper than importing it again. */
  readonly dhPublicKey: (key: DhKey) => Uint8Array

  /**
   * X25519 (RFC 7748). `undefined` when `publicKey` is not 32 bytes or the result is all zero (a
   * point of small order).
   */
  readonly dh: (key: DhKey, publicKey: Uint8Array) => Uint8Array | undefined
}
