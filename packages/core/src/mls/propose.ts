/**
 * Sending a proposal of our own.
 *
 * @module
 */
import type { EntropyService } from "../services/entropy.ts"
import type { MlsGroup } from "./group.ts"
import type { MlsPolicy } from "./policy.ts"
import type { ProposalRequest } from "./proposal_request.ts"

/** How a message is framed. */
export interface FramingOptions {
  /** Default `public`. */
  readonly wireFormat?: "public" | "private"
  /** `authenticated_data`; default empty. */
  readonly authenticatedData?: Uint8Array
  /** A PrivateMessage is padded with zeros to a multiple of this many bytes; default 0: none. */
  readonly padding?: number
}

/** What {@link propose} needs besides the proposal. */
export interface ProposeOptions extends FramingOptions {
  /** Source of keys and nonces. */
  readonly entropy: EntropyService
  /** Checked for an Add. */
  readonly policy?: MlsPolicy
}

/** A proposal of our own. */
export interface Proposed {
  /** The next value, in which the proposal is pending. */
  readonly group: MlsGroup
  /** The MLSMessage. */
  readonly message: Uint8Array
  /** `ProposalRef`, 32 bytes. */
  readonly ref: Uint8Array
}

/**
 * Makes a proposal message; the proposal is pending in the next value.
 *
 * @throws MlsError `invalid-proposal`, `invalid-argument`, or what a bad Add breaks.
 */
export function propose(
  _group: MlsGroup,
  _request: ProposalRequest,
  _options: ProposeOptions,
): Proposed {
  throw new Error("not yet")
}

/**
 * The value without one pending proposal. A commit that refers to it can then not be processed any
 * more, so this is for proposals that the caller's own rules refuse. Unknown refs change nothing.
 */
export function forgetProposal(_group: MlsGroup, _ref: Uint8Array): MlsGroup {
  throw new Error("not yet")
}
