/**
 * Content whose sender is authenticated, whichever way it came.
 *
 * @module
 */
import { equalBytes } from "../crypto/secret.ts"
import type { FramedAuth, FramedContent } from "./framed_content.ts"
import type { GroupState } from "./group_state.ts"
import { refuse } from "./mls_error.ts"
import { checkSafeAad } from "./safe_aad.ts"

/** Content whose sender is authenticated. */
export interface VerifiedContent {
  /** What was sent. */
  readonly content: FramedContent
  /** Signature and, for a commit, confirmation tag. */
  readonly auth: FramedAuth
  /** Wire format that it came in. */
  readonly wireFormat: number
  /** The sender's leaf. */
  readonly sender: number
  /** The complete MLSMessage. */
  readonly message: Uint8Array
}

/** What every message says in the clear. */
export interface Address {
  /** MLS group id. */
  readonly groupId: Uint8Array
  /** Epoch. */
  readonly epoch: bigint
  /** `authenticated_data`. */
  readonly authenticatedData: Uint8Array
}

/** Refuses a message of another group or epoch, and additional data that this group does not take. */
export function checkAddress(state: GroupState, address: Address): void {
  if (!equalBytes(address.groupId, state.context.groupId)) refuse("wrong-group")
  if (address.epoch !== state.context.epoch) refuse("wrong-epoch")
  checkSafeAad(state.context, address.authenticatedData)
}
