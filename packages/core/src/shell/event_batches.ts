/**
 * How events of one group are divided among batches.
 *
 * @module
 */
import type { NostrEvent } from "../services/nostr_event.ts"

/** Most events that share one batch. */
const MAX_EVENTS = 256
/** Most events of one second that share one batch: what a batch can hold. */
const MAX_RUN = 1500
/** Most characters of ciphertext that share one batch. */
export const MAX_CHARACTERS: number = 16 * 1024 * 1024

/** Events that follow each other and claim the same second. */
export const runsOf = <A extends { readonly created_at: number } | { readonly event: NostrEvent }>(
  events: ReadonlyArray<A>,
): ReadonlyArray<ReadonlyArray<A>> => {
  const secondOf = (one: A): number => "event" in one ? one.event.created_at : one.created_at
  const runs: Array<Array<A>> = []
  for (const event of events) {
    const last = runs.at(-1)
    const first = last?.[0]
    if (first !== undefined && secondOf(first) === secondOf(event)) last?.push(event)
    else runs.push([event])
  }
  return runs
}

/**
 * Splits events, oldest first, into batches of about {@link MAX_EVENTS}; events of one second stay
 * together as far as a batch can hold them.
 */
export function batchesOf(
  events: ReadonlyArray<NostrEvent>,
): ReadonlyArray<ReadonlyArray<NostrEvent>> {
  const batches: Array<Array<NostrEvent>> = []
  let characters = 0
  for (const run of runsOf(events)) {
    let joins = (batches.at(-1)?.length ?? MAX_EVENTS) + run.length <= MAX_EVENTS
    for (const event of run) {
      const last = batches.at(-1)
      const { length } = event.content
      if (
        joins && last !== undefined && last.length < MAX_RUN &&
        characters + length <= MAX_CHARACTERS
      ) {
        last.push(event)
        characters += length
      } else {
        batches.push([event])
        characters = length
        joins = true
      }
    }
  }
  return batches
}
