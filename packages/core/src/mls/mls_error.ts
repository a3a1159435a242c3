/**
 * The one error of the MLS room: a closed reason and nothing of the group, its members or its keys.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"

/**
 * Why the machine refused something. The value it was asked to change is always unchanged.
 *
 * Bytes:
 * - `malformed`: not a canonical encoding of what was expected
 * - `unsupported`: another protocol version, ciphersuite, or a wire format that this call cannot take
 *
 * Addressing:
 * - `wrong-group`: another group id
 * - `wrong-epoch`: an epoch other than this state's; try the state of that epoch
 * - `own-message`: sent by this very leaf; it cannot be read back
 * - `unknown-sender`: no such leaf, or a sender type that is not served here
 * - `policy`: the policy passed in does not allow this wire format, proposal or PSK
 *
 * Authenticity (deliberately coarse):
 * - `decryption-failed`: a ciphertext does not open. No detail, whatever the cause
 * - `bad-signature`: a signature does not verify
 * - `bad-membership-tag`: a PublicMessage was not made by a member of this state
 * - `bad-confirmation-tag`: the resulting key schedule disagrees with the sender's
 *
 * Ratchets:
 * - `generation-too-old`: further back than the out-of-order window
 * - `generation-used`: this message was read before, or its key was dropped
 * - `generation-too-far`: further ahead than the forward window
 *
 * Content:
 * - `unknown-proposal`: a commit names a proposal that this state does not know
 * - `invalid-proposal`: one proposal is not valid here (stands on its own)
 * - `invalid-proposal-list`: proposals that are valid alone exclude each other
 * - `invalid-commit`: path missing or superfluous where forbidden, wrong shape, bad path keys
 * - `invalid-leaf`: a LeafNode breaks RFC 9420 section 7.3 or a capability is missing
 * - `invalid-key-package`: a KeyPackage breaks RFC 9420 section 10.1
 * - `invalid-lifetime`: a KeyPackage is outside what the lifetime policy accepts
 * - `duplicate-key`: an encryption, signature or init key occurs twice
 * - `invalid-tree`: the ratchet tree of a Welcome breaks RFC 9420 section 12.4.3.1
 * - `invalid-group-info`: the GroupInfo of a Welcome does not fit its tree or itself
 * - `not-for-us`: no offered KeyPackage is named in the Welcome
 * - `missing-tree`: the Welcome carries no tree and none was passed in
 * - `missing-psk`: a pre-shared key is not known
 * - `invalid-app-data`: a dictionary or an update of it breaks the extensions draft
 *
 * Use:
 * - `removed`: this leaf is no member of the resulting state
 * - `invalid-argument`: the caller asked for something impossible (unknown leaf, empty choice, …)
 * - `invalid-state`: stored parts are incomplete, of a newer version, or do not fit together
 */
export type MlsErrorReason =
  | "malformed"
  | "unsupported"
  | "wrong-group"
  | "wrong-epoch"
  | "own-message"
  | "unknown-sender"
  | "policy"
  | "decryption-failed"
  | "bad-signature"
  | "bad-membership-tag"
  | "bad-confirmation-tag"
  | "generation-too-old"
  | "generation-used"
  | "generation-too-far"
  | "unknown-proposal"
  | "invalid-proposal"
  | "invalid-proposal-list"
  | "invalid-commit"
  | "invalid-leaf"
  | "invalid-key-package"
  | "invalid-lifetime"
  | "duplicate-key"
  | "invalid-tree"
  | "invalid-group-info"
  | "not-for-us"
  | "missing-tree"
  | "missing-psk"
  | "invalid-app-data"
  | "removed"
  | "invalid-argument"
  | "invalid-state"

/** What an {@link MlsError} carries. */
export interface MlsErrorFields {
  /** The rule that was broken. */
  readonly reason: MlsErrorReason
}

/** The machine refused; nothing was changed. */
export interface MlsError extends Cause.YieldableError, MlsErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "MlsError"
}

/** Creates an {@link MlsError}. */
export const MlsError: new (fields: MlsErrorFields) => MlsError = class MlsError
  extends Data.TaggedError("MlsError")<MlsErrorFields> {
  /** One line without any identifier. */
  override get message(): string {
    return `MLS refused: ${this.reason}`
  }
}

/** Throws an {@link MlsError}. */
export function refuse(reason: MlsErrorReason): never {
  throw new MlsError({ reason })
}
