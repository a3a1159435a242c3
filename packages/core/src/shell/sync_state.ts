/**
 * Whether everything that relays had is stored: per question and relay, in memory.
 *
 * @module
 */
import type { RelayTally } from "../api/sending.ts"
import type { Bells } from "./bells.ts"

/** The bell that rings when something about catching up changed. */
export const SYNC_BELL = "sync"

/** Where one relay stands with one question. */
export type FeedState = "pending" | "stored" | "interrupted"

/** Progress of catching up. */
export interface SyncState {
  /** Events received since the account was opened. */
  received: number
  /** A question is asked; the states of relays that are not part of it any more are forgotten. */
  readonly begin: (feed: string, relays: ReadonlyArray<string>) => void
  /** A question is asked no more. */
  readonly end: (feed: string) => void
  /** A question is still to be asked, and the work for it has stopped. */
  readonly fail: (feed: string) => void
  /** Where a relay stands. */
  readonly set: (feed: string, relay: string, state: FeedState) => void
  /** The questions do not fit the groups any more. */
  readonly setStale: () => void
  /** The questions fit the groups. */
  readonly setPlanned: () => void
  /** The account's own events were looked after, well or not. */
  readonly setMaintained: () => void
  /** True when every relay sent all that it had, and it is stored. */
  readonly isCaughtUp: () => boolean
  /** True when waiting longer is not expected to help: what is missing is a relay that is down. */
  readonly isSettled: () => boolean
  /** Relays: caught up, interrupted, silent. */
  readonly tally: () => RelayTally
}

/** Makes the state of an account that was just opened. */
export function makeSyncState(bells: Bells): SyncState {
  const feeds = new Map<string, Map<string, FeedState>>()
  let planned = false
  let maintained = false
  const changed = () => bells.ring(SYNC_BELL)
  const all = (): ReadonlyArray<FeedState> =>
    [...feeds.values()].flatMap((one) => [...one.values()])
  return {
    received: 0,
    begin: (feed, relays) => {
      feeds.set(feed, new Map(relays.map((relay) => [relay, "pending"])))
      changed()
    },
    end: (feed) => {
      feeds.delete(feed)
      changed()
    },
    fail: (feed) => {
      const relays = feeds.get(feed)
      for (const relay of relays?.keys() ?? []) relays?.set(relay, "interrupted")
      changed()
    },
    set: (feed, relay, state) => {
      feeds.get(feed)?.set(relay, state)
      changed()
    },
    setStale: () => {
      planned = false
      changed()
    },
    setPlanned: () => {
      planned = true
      changed()
    },
    setMaintained: () => {
      maintained = true
      changed()
    },
    isCaughtUp: () => planned && maintained && all().every((state) => state === "stored"),
    isSettled: () =>
      planned && maintained && [...feeds.values()].every((relays) => {
        const states = [...relays.values()]
        return !states.includes("pending") && (states.length === 0 || states.includes("stored"))
      }),
    tally: () => {
      const relays = new Map<string, FeedState>()
      for (const feed of feeds.values()) {
        for (const [relay, state] of feed) {
          const worse = state === "interrupted" || relays.get(relay) !== "interrupted"
          if (relays.get(relay) !== "pending" && worse) relays.set(relay, state)
        }
      }
      const states = [...relays.values()]
      const count = (state: FeedState) => states.filter((one) => one === state).length
      return {
        accepted: count("stored"),
        rejected: count("interrupted"),
        unanswered: count("pending"),
        of: states.length,
      }
    },
  }
}
