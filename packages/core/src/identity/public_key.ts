/**
 * Accounts: x-only secp256k1 public keys, as text for people and as bytes for MLS.
 *
 * @module
 */
import type * as Brand from "effect/Brand"
import { decode as decodeNip19, npubEncode } from "nostr-tools/nip19"
import { decodeHex, encodeHex, isHex } from "../codec/mod.ts"
import { isSecp256k1PublicKey } from "../crypto/mod.ts"
import { KeyFormatError } from "./key_format_error.ts"

/**
 * An account: 64 lower-case hex characters. Values that came through this room are points of the
 * curve.
 */
export type PublicKey = string & Brand.Brand<"PublicKey">

const BECH32 = /^(npub|nprofile|nsec|ncryptsec)1[02-9ac-hj-np-z]{6,4000}$/

/**
 * Reads an account: `npub1…`, `nprofile1…` (its relay hints are dropped) or 64 hex characters, upper or
 * lower case; white space around it is ignored, and so is a leading `nostr:`.
 *
 * @throws {KeyFormatError} `malformed`, `not-a-key`, or `secret-key` when somebody passed a secret
 *
 * @example
 * ```ts
 * import { formatPublicKey, parsePublicKey } from "@mdk/core/identity"
 *
 * const key = parsePublicKey("F9308A019258C31049344F85F89D5229B531C845836F99B08601F113BCE036F9")
 * console.log(key.slice(0, 8), formatPublicKey(key).slice(0, 5)) // f9308a01 npub1
 * ```
 */
export function parsePublicKey(text: string): PublicKey {
  const lower = text.trim().toLowerCase().replace(/^nostr:/, "")
  const prefix = BECH32.exec(lower)?.[1]
  if (prefix === "nsec" || prefix === "ncryptsec") {
    throw new KeyFormatError({ reason: "secret-key" })
  }
  const hex = prefix === undefined ? lower : fromBech32(lower)
  if (hex === undefined || !isHex(hex, 32)) throw new KeyFormatError({ reason: "malformed" })
  return publicKeyFromBytes(decodeHex(hex))
}

const fromBech32 = (text: string): string | undefined => {
  try {
    const decoded = decodeNip19(text)
    if (decoded.type === "npub") return decoded.data
    return decoded.type === "nprofile" ? decoded.data.pubkey : undefined
  } catch {
    return undefined
  }
}

/** Writes an account as `npub1…`, for people. */
export function formatPublicKey(key: PublicKey): string {
  return npubEncode(key)
}

/**
 * Reads the identity of a basic MLS credential: the 32 bytes of an account key.
 *
 * @throws {KeyFormatError} `malformed` for another length, `not-a-key` when it is no point of the curve
 */
export function publicKeyFromBytes(identity: Uint8Array): PublicKey {
  if (identity.length !== 32) throw new KeyFormatError({ reason: "malformed" })
  if (!isSecp256k1PublicKey(identity)) throw new KeyFormatError({ reason: "not-a-key" })
  return encodeHex(identity) as PublicKey
}

/**
 * {@link publicKeyFromBytes} for a key that was checked before (a leaf that was verified when it entered
 * its tree): no arithmetic on the curve.
 *
 * @throws {KeyFormatError} `malformed` for another length
 */
export function checkedPublicKey(identity: Uint8Array): PublicKey {
  if (identity.length !== 32) throw new KeyFormatError({ reason: "malformed" })
  return encodeHex(identity) as PublicKey
}

/** The 32 bytes of an account key: the identity of its basic MLS credentials. */
export function publicKeyToBytes(key: PublicKey): Uint8Array {
  return decodeHex(key, 32)
}
