/**
 * HPKE (RFC 9180) in base mode with the one suite of MLS ciphersuite 0x0001: DHKEM(X25519,
 * HKDF-SHA256), HKDF-SHA256, AES-128-GCM; one message per context.
 *
 * @module
 */
import { requireLength } from "./argument_size.ts"
import { hkdfExpand, hkdfExtract } from "./hkdf.ts"
import type { CryptoProvider, DhKey } from "./provider.ts"

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const noBytes = new Uint8Array(0)

const versionLabel = ascii("HPKE-v1")
// "KEM" ‖ 0x0020, and "HPKE" ‖ 0x0020 ‖ 0x0001 ‖ 0x0001.
const kemSuite = Uint8Array.from([...ascii("KEM"), 0x00, 0x20])
const hpkeSuite = Uint8Array.from([...ascii("HPKE"), 0x00, 0x20, 0x00, 0x01, 0x00, 0x01])

const labels = {
  eaePrk: ascii("eae_prk"),
  sharedSecret: ascii("shared_secret"),
  pskIdHash: ascii("psk_id_hash"),
  infoHash: ascii("info_hash"),
  secret: ascii("secret"),
  key: ascii("key"),
  baseNonce: ascii("base_nonce"),
  dkpPrk: ascii("dkp_prk"),
  sk: ascii("sk"),
}

/** A key pair of the KEM: X25519, 32 bytes each. The caller owns and zeroes the private key. */
export interface HpkeKeyPair {
  /** The private key. */
  readonly privateKey: Uint8Array
  /** Its public key. */
  readonly publicKey: Uint8Array
}

/** What {@link hpkeSeal} returns. */
export interface HpkeCiphertext {
  /** `enc` of RFC 9180, MLS's `kem_output`: 32 bytes. */
  readonly kemOutput: Uint8Array
  /** Ciphertext ‖ tag. */
  readonly ciphertext: Uint8Array
}

function join(...parts: ReadonlyArray<Uint8Array>): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

function labeledExtract(
  crypto: CryptoProvider,
  suite: Uint8Array,
  salt: Uint8Array,
  label: Uint8Array,
  input: Uint8Array,
): Uint8Array {
  const labeled = join(versionLabel, suite, label, input)
  const output = hkdfExtract(crypto, salt, labeled)
  labeled.fill(0)
  return output
}

function labeledExpand(
  crypto: CryptoProvider,
  suite: Uint8Array,
  pseudorandomKey: Uint8Array,
  label: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const size = Uint8Array.of(length >>> 8, length)
  return hkdfExpand(crypto, pseudorandomKey, join(size, versionLabel, suite, label, info), length)
}

function sharedSecret(
  crypto: CryptoProvider,
  dh: Uint8Array,
  kemOutput: Uint8Array,
  recipientPublicKey: Uint8Array,
): Uint8Array {
  const extracted = labeledExtract(crypto, kemSuite, noBytes, labels.eaePrk, dh)
  const context = join(kemOutput, recipientPublicKey)
  const secret = labeledExpand(crypto, kemSuite, extracted, labels.sharedSecret, context, 32)
  extracted.fill(0)
  return secret
}

// psk_id is empty in base mode, so its hash is the same for every context.
const pskIdHashes = new WeakMap<CryptoProvider, Uint8Array>()

function pskIdHash(crypto: CryptoProvider): Uint8Array {
  let hash = pskIdHashes.get(crypto)
  if (hash === undefined) {
    hash = labeledExtract(crypto, hpkeSuite, noBytes, labels.pskIdHash, noBytes)
    pskIdHashes.set(crypto, hash)
  }
  return hash
}

interface KeyAndNonce {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
}

function scheduleKeys(
  crypto: CryptoProvider,
  shared: Uint8Array,
  info: Uint8Array,
): KeyAndNonce {
  const infoHash = labeledExtract(crypto, hpkeSuite, noBytes, labels.infoHash, info)
  const context = join(Uint8Array.of(0), pskIdHash(crypto), infoHash)
  const secret = labeledExtract(crypto, hpkeSuite, shared, labels.secret, noBytes)
  const key = labeledExpand(crypto, hpkeSuite, secret, labels.key, context, 16)
  const nonce = labeledExpand(crypto, hpkeSuite, secret, labels.baseNonce, context, 12)
  secret.fill(0)
  return { key, nonce }
}

/** `DeriveKeyPair` of RFC 9180 section 7.1.3 for X25519. */
export function hpkeDeriveKeyPair(
  crypto: CryptoProvider,
  inputKeyMaterial: Uint8Array,
): HpkeKeyPair {
  const extracted = labeledExtract(crypto, kemSuite, noBytes, labels.dkpPrk, inputKeyMaterial)
  const privateKey = labeledExpand(crypto, kemSuite, extracted, labels.sk, noBytes, 32)
  extracted.fill(0)
  return { privateKey, publicKey: crypto.x25519PublicKey(privateKey) }
}

/** Arguments of {@link hpkeSeal}. */
export interface HpkeSealInput {
  /** X25519 public key of the recipient. */
  readonly recipientPublicKey: Uint8Array
  /** 32 fresh random bytes, used for this one message and zeroed by their owner afterwards. */
  readonly ephemeralPrivateKey: Uint8Array
  /** Application's `info`. */
  readonly info: Uint8Array
  /** Additional authenticated data. */
  readonly additionalData: Uint8Array
  /** What is encrypted. */
  readonly plaintext: Uint8Array
}

/**
 * `SealBase`: encrypts one message to a public key. `undefined` when that key is not 32 bytes or a
 * point of small order.
 *
 * @example
 * ```ts
 * import { defaultCryptoProvider, hpkeDeriveKeyPair, hpkeOpen, hpkeSeal } from "@mdk/core/crypto"
 *
 * const crypto = defaultCryptoProvider()
 * const random = () => globalThis.crypto.getRandomValues(new Uint8Array(32))
 * const recipient = hpkeDeriveKeyPair(crypto, random())
 * const info = new TextEncoder().encode("what this is for")
 * const additionalData = new Uint8Array(0)
 * const sealed = hpkeSeal(crypto, {
 *   recipientPublicKey: recipient.publicKey,
 *   ephemeralPrivateKey: random(),
 *   info,
 *   additionalData,
 *   plaintext: new TextEncoder().encode("hi"),
 * })
 * if (sealed === undefined) throw new Error("not a public key")
 * const opened = hpkeOpen(crypto, {
 *   recipientKey: crypto.importDhKey(recipient.privateKey),
 *   recipientPublicKey: recipient.publicKey,
 *   info,
 *   additionalData,
 *   ...sealed,
 * })
 * if (new TextDecoder().decode(opened) !== "hi") throw new Error("unexpected")
 * ```
 */
export function hpkeSeal(
  crypto: CryptoProvider,
  input: HpkeSealInput,
): HpkeCiphertext | undefined {
  requireLength(input.ephemeralPrivateKey, 32, "ephemeral key")
  const ephemeral = crypto.importDhKey(input.ephemeralPrivateKey)
  const dh = crypto.dh(ephemeral, input.recipientPublicKey)
  if (dh === undefined) return undefined
  const kemOutput = crypto.dhPublicKey(ephemeral)
  ephemeral.wipe()
  const shared = sharedSecret(crypto, dh, kemOutput, input.recipientPublicKey)
  dh.fill(0)
  const { key, nonce } = scheduleKeys(crypto, shared, input.info)
  shared.fill(0)
  const ciphertext = crypto.aes128GcmSeal(key, nonce, input.plaintext, input.additionalData)
  key.fill(0)
  return { kemOutput, ciphertext }
}

/** Arguments of {@link hpkeOpen}. */
export interface HpkeOpenInput {
  /** The recipient's private key, imported. */
  readonly recipientKey: DhKey
  /** The recipient's public key. */
  readonly recipientPublicKey: Uint8Array
  /** `enc` of RFC 9180. */
  readonly kemOutput: Uint8Array
  /** Application's `info`. */
  readonly info: Uint8Array
  /** Additional authenticated data. */
  readonly additionalData: Uint8Array
  /** Ciphertext ‖ tag. */
  readonly ciphertext: Uint8Array
}

/**
 * `OpenBase`: decrypts one message. `undefined`, without detail, when anything does not fit. The
 * plaintext belongs to the caller.
 */
export function hpkeOpen(crypto: CryptoProvider, input: HpkeOpenInput): Uint8Array | undefined {
  const dh = crypto.dh(input.recipientKey, input.kemOutput)
  if (dh === undefined) return undefined
  const shared = sharedSecret(crypto, dh, input.kemOutput, input.recipientPublicKey)
  dh.fill(0)
  const { key, nonce } = scheduleKeys(crypto, shared, input.info)
  shared.fill(0)
  const plaintext = crypto.aes128GcmOpen(key, nonce, input.ciphertext, input.additionalData)
  key.fill(0)
  return plaintext
}
