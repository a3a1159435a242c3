/**
 * secp256k1 as Nostr uses it: BIP-340 Schnorr signatures and the x coordinate of a Diffie-Hellman
 * point. Public keys are x-only, 32 bytes; private keys 32 bytes, from 1 to n - 1.
 *
 * @module
 */
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js"
import { requireLength } from "./argument_size.ts"

/** True when the 32 bytes are a usable private key: neither zero nor at or above the group order. */
export function isSecp256k1PrivateKey(privateKey: Uint8Array): boolean {
  return privateKey.length === 32 && secp256k1.utils.isValidSecretKey(privateKey)
}

/** True when the 32 bytes are the x coordinate of a point (`lift_x` of BIP-340 succeeds). */
export function isSecp256k1PublicKey(publicKey: Uint8Array): boolean {
  return liftX(publicKey) !== undefined
}

/** The x-only public key of a private key; a private key out of range throws a `RangeError`. */
export function secp256k1PublicKey(privateKey: Uint8Array): Uint8Array {
  requirePrivateKey(privateKey)
  return schnorr.getPublicKey(privateKey)
}

/**
 * BIP-340 signature of `message`, 64 bytes.
 *
 * @param auxiliaryRandomness 32 fresh random bytes, against side channels.
 */
export function schnorrSign(
  privateKey: Uint8Array,
  message: Uint8Array,
  auxiliaryRandomness: Uint8Array,
): Uint8Array {
  requirePrivateKey(privateKey)
  requireLength(auxiliaryRandomness, 32, "auxiliary randomness")
  return schnorr.sign(message, privateKey, auxiliaryRandomness)
}

/** Verifies a BIP-340 signature; false for anything malformed. */
export function schnorrVerify(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return publicKey.length === 32 && signature.length === 64 &&
    schnorr.verify(signature, message, publicKey)
}

/**
 * The x coordinate, 32 bytes and not hashed, of private key · public key, as NIP-44 and NIP-04 use
 * it. `undefined` when the public key is no x coordinate of a point. The caller zeroes the result.
 */
export function secp256k1SharedX(
  privateKey: Uint8Array,
  publicKey: Uint8Array,
): Uint8Array | undefined {
  requirePrivateKey(privateKey)
  const compressed = liftX(publicKey)
  if (compressed === undefined) return undefined
  const point = secp256k1.getSharedSecret(privateKey, compressed, true)
  const x = point.slice(1)
  point.fill(0)
  return x
}

function liftX(publicKey: Uint8Array): Uint8Array | undefined {
  if (publicKey.length !== 32) return undefined
  const compressed = new Uint8Array(33)
  compressed[0] = 2
  compressed.set(publicKey, 1)
  return secp256k1.utils.isValidPublicKey(compressed, true) ? compressed : undefined
}

function requirePrivateKey(privateKey: Uint8Array): void {
  if (!isSecp256k1PrivateKey(privateKey)) throw new RangeError("private key is out of range")
}
