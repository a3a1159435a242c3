/**
 * Verifies signatures one after the other, in short turns between which the event loop runs, and
 * remembers what is genuine.
 *
 * @module
 */
import type { NostrEvent } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { SignatureVerifier } from "./event_verification.ts"
import { RecentMap } from "./recent_map.ts"

/** Signatures that are verified before everybody else gets a turn. */
const turn = 4

/** Verification shared by all connections of a transport. */
export class VerifiedEvents {
  readonly #verify: SignatureVerifier
  readonly #genuine: RecentMap<string>
  readonly #turns: Semaphore.Semaphore = Semaphore.makeUnsafe(1)
  #count = 0

  /** @param capacity genuine events whose signature is not verified again */
  constructor(verify: SignatureVerifier, capacity: number) {
    this.#verify = verify
    this.#genuine = new RecentMap(capacity)
  }

  /** True when the signature is genuine. The event's id must have been proven before. */
  check(event: NostrEvent): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      // Only events that passed are remembered, so a forged copy cannot get in the way of a real one.
      if (this.#genuine.get(event.id) === event.sig) return Effect.succeed(true)
      return this.#turns.withPermit(this.#verified(event))
    })
  }

  #verified(event: NostrEvent): Effect.Effect<boolean> {
    return Effect.gen({ self: this }, function* () {
      if (++this.#count % turn === 0) yield* Effect.yieldNow
      const genuine = yield* Effect.suspend(() => {
        const answer = this.#verify(event)
        return typeof answer === "boolean" ? Effect.succeed(answer) : Effect.promise(() => answer)
      }).pipe(Effect.catchCause(() => Effect.succeed(false)))
      if (genuine) this.#genuine.set(event.id, event.sig)
      return genuine
    })
  }
}
