/**
 * The outer layer of kind 445: whoever has the key of the epoch may look inside (spec 18.1).
 *
 * Only the kept states and the state of a commit of our own are tried. That a key fits chooses no
 * branch; it only says that the bytes were written by somebody who knew that epoch.
 *
 * @module
 */
import { openGroupEvent, type SealedGroupEvent } from "../nostr/mod.ts"
import { allStates, type GroupState } from "./group_state.ts"

/**
 * The bytes of the MLSMessage; `undefined` when no key fits now.
 *
 * @param failed ids of states whose keys are known not to fit; those that do not fit now are added
 */
export function openOuterLayer(
  group: GroupState,
  event: SealedGroupEvent,
  failed?: Set<string>,
): Uint8Array | undefined {
  for (const { mls, outerKey } of allStates(group)) {
    if (failed?.has(mls.stateId)) continue
    const bytes = openGroupEvent(event, outerKey.bytes)
    if (bytes !== undefined) return bytes
    failed?.add(mls.stateId)
  }
  return undefined
}
