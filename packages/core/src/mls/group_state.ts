/**
 * Everything inside a group value.
 *
 * @module
 */
import { encodeHex } from "../codec/hex.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import type { GroupContext } from "./group_context.ts"
import type { EpochSecrets } from "./key_schedule.ts"
import type { OwnKeys } from "./own_keys.ts"
import type { StoredProposal } from "./pending_proposal.ts"
import type { MlsLimits } from "./policy.ts"
import type { RatchetTree } from "./ratchet_tree.ts"
import type { SecretTree } from "./secret_tree.ts"

/** The parts of one value. A value holds each of its secret parts once. */
export interface GroupState {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** Windows and bounds. */
  readonly limits: MlsLimits
  /** GroupContext. */
  readonly context: GroupContext
  /** Its encoding. */
  readonly contextBytes: Uint8Array
  /** Tag that led here. */
  readonly confirmationTag: Uint8Array
  /** Input of the next confirmed hash. */
  readonly interimTranscriptHash: Uint8Array
  /** Public tree. */
  readonly tree: RatchetTree
  /** Our leaf index. */
  readonly ownLeaf: number
  /** Our private keys. */
  readonly keys: OwnKeys
  /** Secrets of the epoch. */
  readonly secrets: EpochSecrets
  /** Message keys. */
  readonly secretTree: SecretTree
  /** Proposals waiting for a commit, oldest first. */
  readonly proposals: ReadonlyArray<StoredProposal>
}

/** Lets go of every secret part. */
export function releaseState(state: GroupState): void {
  state.keys.release()
  state.secrets.release()
  state.secretTree.release()
  for (const p of state.proposals) releaseOwnUpdate(p)
}

/** A state that differs in message keys or proposals only: holds the other parts once more. */
export function successor(
  state: GroupState,
  change: { readonly secretTree?: SecretTree; readonly proposals?: ReadonlyArray<StoredProposal> },
): GroupState {
  state.keys.retain()
  state.secrets.retain()
  if (state.proposals.length > 0) {
    const kept = new Set(state.proposals)
    for (const p of change.proposals ?? state.proposals) if (kept.has(p)) retainOwnUpdate(p)
  }
  return {
    ...state,
    secretTree: change.secretTree ?? state.secretTree.retain(),
    proposals: change.proposals ?? state.proposals,
  }
}

function retainOwnUpdate(p: StoredProposal): void {
  p.own?.leafKey.retain()
  p.own?.signatureSeed?.retain()
}

function releaseOwnUpdate(p: StoredProposal): void {
  p.own?.leafKey.release()
  p.own?.signatureSeed?.release()
}

/** See `MlsGroup.stateId`. */
export function stateIdOf(state: GroupState): string {
  const { contextBytes, confirmationTag } = state
  const input = new Uint8Array(contextBytes.length + confirmationTag.length)
  input.set(contextBytes)
  input.set(confirmationTag, contextBytes.length)
  return encodeHex(state.crypto.sha256(input))
}
