/**
 * The primitives by `node:crypto`, which Node, Deno and Bun all have, each with its own library and
 * its own fast paths. The differences are measured, not guessed:
 *
 * - Node spends 10 µs on raw key bytes in ciphers and HMAC, a `KeyObject` made first avoids them; on
 *   Deno the `KeyObject` is the slow way.
 * - Node and Deno hash short inputs faster in JavaScript than through a native call; Bun has a hasher
 *   of its own that beats both.
 * - Bun's `node:crypto` has no ChaCha20-Poly1305: JavaScript takes its place.
 *
 * @module
 */
import { decodeBase64 } from "../codec/base64.ts"
import { isAllZero, requireLength } from "./argument_size.ts"
import { isStrictPoint, isStrictSignature } from "./ed25519_strict.ts"
import { nobleCryptoProvider } from "./noble_provider.ts"
import type { CryptoProvider, DhKey, SigningKey, VerificationKey } from "./provider.ts"
import type { BunHashing, NativeKey, NodeCrypto, RuntimeName } from "./runtime_crypto.ts"
import { hmacSha256Short, sha256Short } from "./sha256_short.ts"

// Up to here two or three compressions in JavaScript are cheaper than the way into native code.
const shortInput = 100

const tagLength = 16
const aeadOptions = { authTagLength: tagLength }
const chaChaName = "chacha20-poly1305"

// Fixed DER around the 32 bytes of a key (RFC 8410): the only form that all three runtimes import.
const ed25519PrivatePrefix = bytesOf("302e020100300506032b657004220420")
const ed25519PublicPrefix = bytesOf("302a300506032b6570032100")
const x25519PrivatePrefix = bytesOf("302e020100300506032b656e04220420")
const x25519PublicPrefix = bytesOf("302a300506032b656e032100")

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16))
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}

// A Buffer must not leave: its `slice` aliases, and a pooled one shares memory with strangers. A copy
// is cheaper than the access to the memory behind a small array.
function plain(buffer: Uint8Array): Uint8Array {
  const copy = new Uint8Array(buffer)
  buffer.fill(0)
  return copy
}

// A key of 32 bytes always has 43 digits, so exactly one sign of padding.
function fromBase64Url(text: string): Uint8Array {
  return decodeBase64(`${text.replaceAll("-", "+").replaceAll("_", "/")}=`, 32)
}

class NativeSigningKey implements SigningKey {
  readonly kind = "ed25519-signing"
  #key: NativeKey | undefined
  readonly wipe: () => void

  constructor(key: NativeKey) {
    this.#key = key
    this.wipe = () => {
      this.#key = undefined
    }
  }

  static open(key: SigningKey): NativeKey {
    if (!(key instanceof NativeSigningKey)) throw new TypeError("key of another provider")
    if (key.#key === undefined) throw new TypeError("key was wiped")
    return key.#key
  }
}

class NativeVerificationKey implements VerificationKey {
  readonly kind = "ed25519-verification"
  // Undefined where the library refuses the point at import: such a key verifies nothing.
  readonly #key: NativeKey | undefined

  constructor(key: NativeKey | undefined) {
    this.#key = key
  }

  static open(key: VerificationKey): NativeKey | undefined {
    if (!(key instanceof NativeVerificationKey)) throw new TypeError("key of another provider")
    return key.#key
  }
}

class NativeDhKey implements DhKey {
  readonly kind = "x25519"
  #key: NativeKey | undefined
  readonly wipe: () => void

  constructor(key: NativeKey) {
    this.#key = key
    this.wipe = () => {
      this.#key = undefined
    }
  }

  static open(key: DhKey): NativeKey {
    if (!(key instanceof NativeDhKey)) throw new TypeError("key of another provider")
    if (key.#key === undefined) throw new TypeError("key was wiped")
    return key.#key
  }
}

/** What {@link makeNodeCryptoProvider} needs to know about its surroundings. */
export interface NodeProviderOptions {
  /** The module `node:crypto`. */
  readonly module: NodeCrypto
  /** Chooses the fast form of each call. */
  readonly runtime: RuntimeName
  /** Bun's own hasher, where there is one. */
  readonly bunHashing?: BunHashing | undefined
}

/** The primitives by `node:crypto`. */
export function makeNodeCryptoProvider(options: NodeProviderOptions): CryptoProvider {
  const { module, runtime, bunHashing } = options
  const cipherKey: (key: Uint8Array) => Uint8Array | NativeKey = runtime === "node"
    ? (key) => module.createSecretKey(key)
    : (key) => key

  const importPrivate = (prefix: Uint8Array, key: Uint8Array): NativeKey => {
    const der = concat(prefix, key)
    const imported = module.createPrivateKey({
      key: der,
      format: "der",
      type: "pkcs8",
    })
    der.fill(0)
    return imported
  }
  const importPublic = (prefix: Uint8Array, key: Uint8Array): NativeKey =>
    module.createPublicKey({
      key: concat(prefix, key),
      format: "der",
      type: "spki",
    })
  // OpenSSL takes 18 µs to write DER and half a microsecond for a JWK.
  const publicBytes = (privateKey: NativeKey): Uint8Array =>
    fromBase64Url(module.createPublicKey(privateKey).export({ format: "jwk" }).x)

  const seal = (
    algorithm: string,
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    additionalData: Uint8Array,
  ): Uint8Array => {
    const cipher = module.createCipheriv(algorithm, cipherKey(key), nonce, aeadOptions)
    if (additionalData.length > 0) cipher.setAAD(additionalData)
    const body = cipher.update(plaintext)
    const rest = cipher.final()
    const output = new Uint8Array(body.length + rest.length + tagLength)
    output.set(body)
    output.set(rest, body.length)
    output.set(cipher.getAuthTag(), body.length + rest.length)
    return output
  }
  const open = (
    algorithm: string,
    key: Uint8Array,
    nonce: Uint8Array,
    ciphertext: Uint8Array,
    additionalData: Uint8Array,
  ): Uint8Array | undefined => {
    const length = ciphertext.length - tagLength
    if (length < 0) return undefined
    const decipher = module.createDecipheriv(algorithm, cipherKey(key), nonce, aeadOptions)
    decipher.setAuthTag(ciphertext.subarray(length))
    if (additionalData.length > 0) decipher.setAAD(additionalData)
    const body = decipher.update(ciphertext.subarray(0, length))
    try {
      const rest = decipher.final()
      return rest.length === 0 ? plain(body) : concat(body, rest)
    } catch {
      body.fill(0)
      return undefined
    }
  }

  const nativeHmac = (key: Uint8Array, data: Uint8Array): Uint8Array =>
    plain(module.createHmac("sha256", cipherKey(key)).update(data).digest())

  const hashing: Pick<CryptoProvider, "sha256" | "hmacSha256"> = bunHashing !== undefined
    ? {
      sha256: (data) => plain(bunHashing.SHA256.hash(data)),
      hmacSha256: (key, data) => {
        const hasher = new bunHashing.CryptoHasher("sha256", key)
        hasher.update(data)
        return plain(hasher.digest())
      },
    }
    : {
      sha256: (data) =>
        data.length <= shortInput
          ? sha256Short(data)
          : plain(module.createHash("sha256").update(data).digest()),
      hmacSha256: (key, data) =>
        data.length <= shortInput && key.length <= 64
          ? hmacSha256Short(key, data)
          : nativeHmac(key, data),
    }

  const hasChaCha = module.getCiphers().includes("chacha20-poly1305")
  const chaCha: Pick<CryptoProvider, "chacha20Poly1305Seal" | "chacha20Poly1305Open"> = hasChaCha
    ? {
      chacha20Poly1305Seal: (key, nonce, plaintext, additionalData) => {
        requireLength(key, 32, "ChaCha20 key")
        requireLength(nonce, 12, "nonce")
        return seal(chaChaName, key, nonce, plaintext, additionalData)
      },
      chacha20Poly1305Open: (key, nonce, ciphertext, additionalData) => {
        requireLength(key, 32, "ChaCha20 key")
        requireLength(nonce, 12, "nonce")
        return open(chaChaName, key, nonce, ciphertext, additionalData)
      },
    }
    : nobleCryptoProvider

  return {
    name: "node",
    ...hashing,
    aes128GcmSeal: (key, nonce, plaintext, additionalData) => {
      requireLength(key, 16, "AES-128 key")
      requireLength(nonce, 12, "nonce")
      return seal("aes-128-gcm", key, nonce, plaintext, additionalData)
    },
    aes128GcmOpen: (key, nonce, ciphertext, additionalData) => {
      requireLength(key, 16, "AES-128 key")
      requireLength(nonce, 12, "nonce")
      return open("aes-128-gcm", key, nonce, ciphertext, additionalData)
    },
    chacha20Poly1305Seal: chaCha.chacha20Poly1305Seal,
    chacha20Poly1305Open: chaCha.chacha20Poly1305Open,
    ed25519PublicKey: (seed) => {
      requireLength(seed, 32, "Ed25519 seed")
      return publicBytes(importPrivate(ed25519PrivatePrefix, seed))
    },
    importSigningKey: (seed) => {
      requireLength(seed, 32, "Ed25519 seed")
      return new NativeSigningKey(importPrivate(ed25519PrivatePrefix, seed))
    },
    importVerificationKey: (publicKey) => {
      if (!isStrictPoint(publicKey)) return undefined
      try {
        return new NativeVerificationKey(importPublic(ed25519PublicPrefix, publicKey))
      } catch {
        return new NativeVerificationKey(undefined)
      }
    },
    sign: (key, message) => plain(module.sign(null, message, NativeSigningKey.open(key))),
    verify: (key, message, signature) => {
      const imported = NativeVerificationKey.open(key)
      return imported !== undefined && isStrictSignature(signature) &&
        module.verify(null, message, imported, signature)
    },
    x25519PublicKey: (privateKey) => {
      requireLength(privateKey, 32, "X25519 private key")
      return publicBytes(importPrivate(x25519PrivatePrefix, privateKey))
    },
    importDhKey: (privateKey) => {
      requireLength(privateKey, 32, "X25519 private key")
      return new NativeDhKey(importPrivate(x25519PrivatePrefix, privateKey))
    },
    dhPublicKey: (key) => publicBytes(NativeDhKey.open(key)),
    dh: (key, publicKey) => {
      const privateKey = NativeDhKey.open(key)
      if (publicKey.length !== 32) return undefined
      try {
        const shared = plain(module.diffieHellman({
          privateKey,
          publicKey: importPublic(x25519PublicPrefix, publicKey),
        }))
        return isAllZero(shared) ? undefined : shared
      } catch {
        // OpenSSL and BoringSSL fail on an all-zero result; there is no other way to get here.
        return undefined
      }
    },
  }
}
