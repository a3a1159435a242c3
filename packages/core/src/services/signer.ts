/**
 * The account's Nostr key, wherever it lives: in this process, in a bunker, in an extension.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { EventTemplate, NostrEvent } from "./nostr_event.ts"

/**
 * Why a signer did not do it.
 *
 * - `unavailable`: it cannot be reached
 * - `rejected`: it said no
 * - `timed-out`: it did not answer
 * - `mismatch`: it answered for another account
 * - `invalid`: it changed what it was asked to sign, or its answer does not verify
 * - `unsupported`: it has no such ability
 * - `undecryptable`: a payload does not decrypt; no detail
 */
export type SignerErrorReason =
  | "unavailable"
  | "rejected"
  | "timed-out"
  | "mismatch"
  | "invalid"
  | "unsupported"
  | "undecryptable"

/** What a {@link SignerError} carries. Never a key or a payload. */
export interface SignerErrorFields {
  /** What was asked. */
  readonly operation: "public-key" | "sign" | "encrypt" | "decrypt"
  /** How the caller should react. */
  readonly reason: SignerErrorReason
  /** The signer's own error, hidden from every printer. */
  readonly cause?: Redacted.Redacted<unknown>
}

/** A signer did not do what it was asked. */
export interface SignerError extends Cause.YieldableError, SignerErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "SignerError"
  /** The signer's own error, hidden from every printer. */
  readonly cause?: Redacted.Redacted<unknown>
}

/** Creates a {@link SignerError}. */
export const SignerError: new (fields: SignerErrorFields) => SignerError = class SignerError
  extends Data.TaggedError("SignerError")<SignerErrorFields> {
  /** One line without identifiers. */
  override get message(): string {
    return `signer: ${this.operation} failed: ${this.reason}`
  }
}

/** Signs and decrypts for one account. */
export interface SignerService {
  /** The account, 64 lower-case hex characters. The same for the whole life of the service. */
  readonly publicKey: Effect.Effect<string, SignerError>
  /**
   * Signs exactly this template: time, kind, tags and content of the result are byte-identical, its
   * author is {@link SignerService.publicKey}, its id and signature verify; else `invalid` or
   * `mismatch`.
   */
  readonly sign: (template: EventTemplate) => Effect.Effect<NostrEvent, SignerError>
  /** NIP-44 v2 to a peer's public key (64 hex). The plaintext has 1 to 65 408 UTF-8 bytes. */
  readonly nip44Encrypt: (
    peer: string,
    plaintext: string,
  ) => Effect.Effect<string, SignerError>
  /** NIP-44 v2 from a peer's public key (64 hex). */
  readonly nip44Decrypt: (peer: string, payload: string) => Effect.Effect<string, SignerError>
}

/** The requirement `Signer` in the `R` of an Effect. */
export interface Signer extends Context.ServiceClass.Shape<"@mdk/core/Signer", SignerService> {}

/** Key under which a {@link SignerService} is found: `yield* Signer`. */
export const Signer: Context.ServiceClass<Signer, "@mdk/core/Signer", SignerService> = Context
  .Service<Signer, SignerService>()("@mdk/core/Signer")
