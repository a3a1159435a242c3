/**
 * The order of events that claim the same second: relays return them in any order, and a busy sender's
 * ratchet would be left behind. What MLS says decides: earlier epochs first, messages before the commit
 * that ends their epoch, and each sender's messages as they were numbered.
 *
 * @module
 */
import { MlsError, peek, processMessage, retire } from "../mls/mod.ts"
import { openGroupEvent, type SealedGroupEvent } from "../nostr/mod.ts"
import type { GroupProfile } from "./group_profile.ts"
import type { GroupState } from "./group_state.ts"

/** Events of one second. */
export interface OrderedRun<A> {
  /** What can be opened now, in order. */
  readonly readable: ReadonlyArray<A>
  /** What cannot be opened now, in the order given. */
  readonly sealed: ReadonlyArray<A>
}

interface Place {
  readonly epoch: bigint
  readonly rank: number
  readonly leaf: number
  readonly generation: number
}

const RANKS = { application: 0, proposal: 1, commit: 2 } as const

/**
 * Orders events. Every message is opened once more for this, so it is for runs of at least two.
 *
 * @param sealedOf the envelope of an event; `undefined` for what has no readable one
 */
export function orderRun<A>(
  profile: GroupProfile,
  group: GroupState,
  events: ReadonlyArray<A>,
  sealedOf: (event: A) => SealedGroupEvent | undefined,
): OrderedRun<A> {
  const readable: Array<{ readonly event: A; readonly place: Place }> = []
  const sealed: Array<A> = []
  for (const event of events) {
    const envelope = sealedOf(event)
    const place = envelope === undefined ? undefined : placeOf(profile, group, envelope)
    if (place === undefined) sealed.push(event)
    else readable.push({ event, place })
  }
  readable.sort((a, b) => comparePlaces(a.place, b.place))
  return { readable: readable.map(({ event }) => event), sealed }
}

const comparePlaces = (a: Place, b: Place): number => {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1
  return a.rank - b.rank || a.leaf - b.leaf || a.generation - b.generation
}

const placeOf = (
  profile: GroupProfile,
  group: GroupState,
  envelope: SealedGroupEvent,
): Place | undefined => {
  for (const { mls, outerKey } of group.states) {
    const bytes = openGroupEvent(envelope, outerKey.bytes)
    if (bytes === undefined) continue
    try {
      const head = peek(bytes)
      if (!("epoch" in head)) return undefined
      const first = { epoch: head.epoch, rank: RANKS[head.content], leaf: 0, generation: 0 }
      if (head.content !== "application" || head.epoch !== mls.epoch) return first
      const read = processMessage(mls, bytes, profile.policy)
      if (read.kind !== "application") return first
      retire(read.group)
      return { ...first, leaf: read.sender.leafIndex, generation: read.generation }
    } catch (error) {
      if (error instanceof MlsError) return { epoch: 0n, rank: 0, leaf: 0, generation: 0 }
      throw error
    }
  }
  return undefined
}
