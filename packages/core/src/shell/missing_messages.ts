/**
 * Messages that no relay gave, though a later one of the same sender shows that they exist: relays are
 * asked for them again. A relay may lose what it was to send; who waits for the next reconnection may
 * be too late, because a ratchet keeps the keys of what is missing for a while only.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { ServiceError } from "../api/errors.ts"

/** Keeps track of what is missing. */
export interface MissingMessages {
  /**
   * Told after an intake of a group.
   *
   * @param missing how many messages of a sender are missing; 0: none any more
   */
  readonly note: (group: string, missing: ReadonlyMap<string, number>) => void
}

/** When relays are asked, and for what was published how long ago. First another relay may bring it. */
const ATTEMPTS = [
  { after: "3 seconds", backSeconds: 10 * 60 },
  { after: "20 seconds", backSeconds: 3600 },
  { after: "5 minutes", backSeconds: 24 * 3600 },
] as const

/** After each attempt: a relay that loses something all the time is not asked all the time. */
const PAUSE = "10 seconds"

/** Senders of old epochs are forgotten in favour of others. */
const MAX_SENDERS = 1000

interface Gap {
  /** How many messages are missing. */
  count: number
  /** How many of them nobody had. */
  lost: number
}

interface Gaps {
  readonly bySender: Map<string, Gap>
  /** True when more is missing than when relays were asked last. */
  grown: boolean
  /** Open when `grown`. */
  readonly more: Latch.Latch
}

const settle = (gaps: Gaps): void => {
  gaps.grown = false
  gaps.more.closeUnsafe()
}

const isOpen = ({ bySender }: Gaps): boolean =>
  bySender.values().some(({ count, lost }) => count > lost)

/**
 * Begins with nothing missing; asks until the scope ends. What nobody has after some attempts is not
 * asked for any more.
 *
 * @param ask asks a group's relays for what was published in the last so many seconds, and takes it in
 */
export const makeMissingMessages: (
  ask: (group: string, backSeconds: number) => Effect.Effect<void, ServiceError>,
) => Effect.Effect<MissingMessages, never, Scope.Scope> = Effect.fnUntraced(function* (
  ask: (group: string, backSeconds: number) => Effect.Effect<void, ServiceError>,
) {
  const groups = new Map<string, Gaps>()
  const run = yield* FiberMap.makeRuntime<never, string>()

  const askFor = Effect.fnUntraced(function* (group: string, gaps: Gaps) {
    let attempt = 0
    while (isOpen(gaps)) {
      if (gaps.grown) attempt = 0
      settle(gaps)
      const next = ATTEMPTS[attempt++]
      if (next === undefined) {
        for (const gap of gaps.bySender.values()) gap.lost = gap.count
        return
      }
      if (attempt === 1) yield* Effect.sleep(next.after)
      else {
        yield* Effect.raceFirst(Effect.sleep(next.after), gaps.more.await)
        if (gaps.grown) continue
      }
      if (!isOpen(gaps)) return
      settle(gaps)
      yield* ask(group, next.backSeconds).pipe(
        Effect.catch(({ reason }) => Effect.logWarning("relays were not asked again", { reason })),
      )
      yield* Effect.sleep(PAUSE)
    }
  })

  return {
    note: (group, missing) => {
      const gaps: Gaps = groups.get(group) ??
        { bySender: new Map(), grown: false, more: Latch.makeUnsafe(false) }
      for (const [sender, count] of missing) {
        const gap = gaps.bySender.get(sender)
        if (gap === undefined && count === 0) continue
        gaps.grown ||= count > (gap?.count ?? 0)
        gaps.bySender.set(sender, { count, lost: Math.min(gap?.lost ?? 0, count) })
      }
      if (gaps.grown) gaps.more.openUnsafe()
      for (const sender of gaps.bySender.keys()) {
        if (gaps.bySender.size <= MAX_SENDERS) break
        gaps.bySender.delete(sender)
      }
      if (gaps.bySender.size > 0) groups.set(group, gaps)
      if (isOpen(gaps)) run(group, askFor(group, gaps), { onlyIfMissing: true })
    },
  }
})
