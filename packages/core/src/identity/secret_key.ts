/**
 * Secret account keys as people keep them: `nsec1…`, hex, and NIP-49 `ncryptsec1…`.
 *
 * @module
 */
import { decode as decodeNip19 } from "nostr-tools/nip19"
import { decrypt as decryptNip49 } from "nostr-tools/nip49"
import { decodeHex, encodeHex } from "../codec/mod.ts"
import { isSecp256k1PrivateKey, secp256k1PublicKey, Secret } from "../crypto/mod.ts"
import { KeyFormatError, type KeyFormatErrorReason } from "./key_format_error.ts"
import type { PublicKey } from "./public_key.ts"

/** What else is needed to read a secret key. */
export interface SecretKeyOptions {
  /** Opens an `ncryptsec1…`; ignored for the other forms. */
  readonly passphrase?: string
}

const BECH32_DIGITS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
// scrypt with r = 8 takes 2^logN KiB.
const MAX_LOG_N = 20

const refuse = (reason: KeyFormatErrorReason): never => {
  throw new KeyFormatError({ reason })
}

/**
 * Reads a secret account key: `nsec1…`, 64 hex characters, or `ncryptsec1…` with its passphrase; white
 * space around it is ignored. Opening an `ncryptsec1…` blocks for half a second or more and takes the
 * memory that its maker chose, at most 1 GiB.
 *
 * @returns the key, owned by the caller, who wipes it
 * @throws {KeyFormatError}
 *
 * @example
 * ```ts
 * import { parseSecretKey, publicKeyOf } from "@mdk/core/identity"
 *
 * const secret = parseSecretKey("0000000000000000000000000000000000000000000000000000000000000003")
 * console.log(publicKeyOf(secret).slice(0, 8)) // f9308a01
 * secret.wipe()
 * ```
 */
export function parseSecretKey(text: string, options: SecretKeyOptions = {}): Secret {
  const lower = text.trim().toLowerCase()
  if (/^(npub|nprofile)1/.test(lower)) refuse("public-key")
  const bytes = lower.startsWith("ncryptsec1")
    ? fromNcryptsec(lower, options.passphrase)
    : lower.startsWith("nsec1")
    ? fromNsec(lower)
    : /^[0-9a-f]{64}$/.test(lower)
    ? decodeHex(lower)
    : refuse("malformed")
  if (bytes.length !== 32 || !isSecp256k1PrivateKey(bytes)) {
    bytes.fill(0)
    refuse("not-a-key")
  }
  return Secret.take(bytes)
}

/** The account of a secret key. */
export function publicKeyOf(secret: Secret): PublicKey {
  return encodeHex(secp256k1PublicKey(secret.bytes)) as PublicKey
}

const fromNsec = (text: string): Uint8Array => {
  try {
    const decoded = decodeNip19(text)
    if (decoded.type === "nsec") return decoded.data
  } catch {
    // The library's error repeats the key.
  }
  return refuse("malformed")
}

const fromNcryptsec = (text: string, passphrase: string | undefined): Uint8Array => {
  const [a = -1, b = -1, c = -1, d = -1] = [
    ...text.slice("ncryptsec1".length, "ncryptsec1".length + 4),
  ]
    .map((digit) => BECH32_DIGITS.indexOf(digit))
  const version = a << 3 | b >> 2
  const logN = (b & 3) << 6 | c << 1 | d >> 4
  if (Math.min(a, b, c, d) < 0 || version !== 2 || logN < 1) refuse("malformed")
  if (!hasBech32Checksum(text)) refuse("malformed")
  if (logN > MAX_LOG_N) refuse("too-costly")
  if (passphrase === undefined) return refuse("passphrase-needed")
  try {
    return decryptNip49(text, passphrase)
  } catch {
    return refuse("wrong-passphrase")
  }
}

// BIP-173. Checked here so that a typing error is told from a wrong passphrase, and at no cost.
const hasBech32Checksum = (text: string): boolean => {
  const split = text.lastIndexOf("1")
  const prefix = [...text.slice(0, split)].map((char) => char.charCodeAt(0))
  const data = [...text.slice(split + 1)].map((char) => BECH32_DIGITS.indexOf(char))
  if (data.length !== 152 || data.includes(-1)) return false
  const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
  const all = [...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...data]
  const sum = all.reduce((sum, value) => {
    const top = sum >>> 25
    return generators.reduce(
      (next, generator, bit) => (top >>> bit & 1) === 1 ? next ^ generator : next,
      (sum & 0x1ffffff) << 5 ^ value,
    )
  }, 1)
  return sum === 1
}
