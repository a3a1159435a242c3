/**
 * GroupInfo of a state.
 *
 * @module
 */
import type { Extension } from "./extension.ts"
import { type MlsGroup, stateOf } from "./group.ts"
import { signGroupInfo } from "./own_welcome.ts"
import { encodeRatchetTree } from "./ratchet_tree.ts"

/** What {@link exportGroupInfo} puts in. */
export interface ExportGroupInfoOptions {
  /** Whether the ratchet tree goes inside; default true. */
  readonly ratchetTree?: boolean
  /** Further extensions. */
  readonly extensions?: ReadonlyArray<Extension>
}

/** Signs a GroupInfo of this state and returns it as an MLSMessage. */
export function exportGroupInfo(
  group: MlsGroup,
  options: ExportGroupInfoOptions = {},
): Uint8Array {
  const state = stateOf(group)
  return signGroupInfo({
    crypto: state.crypto,
    contextBytes: state.contextBytes,
    confirmationTag: state.confirmationTag,
    signer: state.ownLeaf,
    signingKey: state.keys.signature.signingKey(state.crypto),
    extensions: options.extensions ?? [],
    ratchetTree: options.ratchetTree === false ? undefined : encodeRatchetTree(state.tree),
  }).message
}
