/**
 * Account identity proof v2 (component 0x8009): the account's signature that an MLS leaf key is its own.
 * The signed event, kind 450, is never published; only 104 bytes of it enter the leaf.
 *
 * Layout: signer x-only key (32) ‖ `created_at` u64 ‖ BIP-340 signature (64).
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import { decodeHex, encodeHex, TlsReader, TlsWriter } from "../codec/mod.ts"
import { equalBytes, schnorrVerify } from "../crypto/mod.ts"
import type { EventTemplate, NostrEvent } from "../services/mod.ts"
import { eventId, verifyEvent } from "./event_verification.ts"
import { type PublicKey, publicKeyFromBytes, publicKeyToBytes } from "./public_key.ts"

/** Size of a proof in bytes. */
export const accountProofBytes = 104 as const

/** Kind of the event that the account signs. */
export const accountProofKind = 450 as const

const MAX_CREATED_AT = BigInt(Number.MAX_SAFE_INTEGER)
const CONTENT = "Authorize this MLS leaf key for my Marmot account"

/**
 * Why a leaf does not prove its account.
 *
 * - `missing`: no proof, or not exactly one place for it
 * - `malformed`: not 104 bytes, a time outside 1 to 2^53 - 1, or a signer that is no key
 * - `not-supported`: the leaf does not list the component among those that it supports
 * - `misplaced`: a proof stands where none may be (GroupContext, KeyPackage level, GroupInfo)
 * - `wrong-signer`: the signer is not the identity of the credential
 * - `bad-signature`: the signature does not fit this leaf key
 * - `changed`: a signer returned another event than it was asked to sign
 */
export type ProofErrorReason =
  | "missing"
  | "malformed"
  | "not-supported"
  | "misplaced"
  | "wrong-signer"
  | "bad-signature"
  | "changed"

/** What a {@link ProofError} carries. */
export interface ProofErrorFields {
  /** Which rule is broken. */
  readonly reason: ProofErrorReason
}

/** A leaf that does not prove its account. */
export interface ProofError extends Cause.YieldableError, ProofErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "ProofError"
}

/** Creates a {@link ProofError}. */
export const ProofError: new (fields: ProofErrorFields) => ProofError = class ProofError
  extends Data.TaggedError("ProofError")<ProofErrorFields> {
  /** One line without keys. */
  override get message(): string {
    return `account identity proof refused: ${this.reason}`
  }
}

/** What a proof binds to an account. */
export interface ProvenLeafKey {
  /** Public signature key of the leaf. */
  readonly signatureKey: Uint8Array
  /** Ciphersuite of the KeyPackage or group; absent: 0x0001. */
  readonly cipherSuite?: number
  /** TLS signature scheme of that suite; absent: 0x0807 (Ed25519). */
  readonly signatureScheme?: number
}

/** A proof, read but not verified. */
export interface AccountIdentityProof {
  /** Who signed. */
  readonly signer: PublicKey
  /** When, by the signer's word: Unix seconds, 1 to 2^53 - 1. Proofs do not age. */
  readonly createdAt: number
  /** BIP-340 signature, 64 bytes. */
  readonly signature: Uint8Array
}

/**
 * The event that an account signs to authorize a leaf key.
 *
 * @param createdAt Unix seconds, now
 */
export function accountProofTemplate(leaf: ProvenLeafKey, createdAt: number): EventTemplate {
  return {
    kind: accountProofKind,
    created_at: createdAt,
    tags: [
      ["d", "marmot.account-identity-proof.v2"],
      ["component", "0x8009"],
      ["ciphersuite", hex16(leaf.cipherSuite ?? 0x0001)],
      ["signature_scheme", hex16(leaf.signatureScheme ?? 0x0807)],
      ["mls_signature_key", encodeHex(leaf.signatureKey)],
    ],
    content: CONTENT,
  }
}

const hex16 = (value: number): string => `0x${value.toString(16).padStart(4, "0")}`

/**
 * Turns the event that a signer returned into a proof.
 *
 * @param event the answer of the signer
 * @param template what it was asked to sign
 * @param account whose signature is wanted
 * @returns the 104 bytes of component 0x8009
 * @throws {ProofError} `changed` when author, time, kind, tags or content differ, or id and signature do
 * not verify
 */
export function accountProofFromEvent(
  event: NostrEvent,
  template: EventTemplate,
  account: PublicKey,
): Uint8Array {
  let verified: NostrEvent
  try {
    verified = verifyEvent(event)
  } catch {
    throw new ProofError({ reason: "changed" })
  }
  if (verified.id !== eventId({ ...template, pubkey: account })) {
    throw new ProofError({ reason: "changed" })
  }
  return new TlsWriter(accountProofBytes)
    .opaque(publicKeyToBytes(account))
    .u64(BigInt(template.created_at))
    .opaque(decodeHex(verified.sig, 64))
    .finish()
}

/**
 * Reads a proof without verifying it.
 *
 * @throws {ProofError} `malformed`
 */
export function decodeAccountProof(bytes: Uint8Array): AccountIdentityProof {
  if (bytes.length !== accountProofBytes) throw new ProofError({ reason: "malformed" })
  const reader = new TlsReader(bytes)
  const key = reader.view(32)
  const createdAt = reader.u64()
  const signature = reader.opaque(64)
  if (createdAt < 1n || createdAt > MAX_CREATED_AT) throw new ProofError({ reason: "malformed" })
  try {
    return { signer: publicKeyFromBytes(key), createdAt: Number(createdAt), signature }
  } catch {
    throw new ProofError({ reason: "malformed" })
  }
}

/**
 * Verifies that the account of a credential authorized a leaf key. Costs one signature verification.
 *
 * @param proof the 104 bytes of component 0x8009
 * @param identity the identity of the leaf's basic credential
 * @returns the account
 * @throws {ProofError} `malformed`, `wrong-signer` or `bad-signature`
 */
export function verifyAccountProof(
  proof: Uint8Array,
  identity: Uint8Array,
  leaf: ProvenLeafKey,
): PublicKey {
  const { signer, createdAt, signature } = decodeAccountProof(proof)
  const key = publicKeyToBytes(signer)
  if (!equalBytes(key, identity)) throw new ProofError({ reason: "wrong-signer" })
  const id = eventId({ ...accountProofTemplate(leaf, createdAt), pubkey: signer })
  if (!schnorrVerify(key, decodeHex(id), signature)) {
    throw new ProofError({ reason: "bad-signature" })
  }
  return signer
}
