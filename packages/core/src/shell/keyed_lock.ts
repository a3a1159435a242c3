/**
 * One writer per key: serial within a key, parallel across keys.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** Runs effects one after another per key. */
export interface KeyedLock {
  /** Waits for its turn under `key`, then runs. Interruption while waiting gives the turn up. */
  readonly withKey: (
    key: string,
  ) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

interface Entry {
  readonly semaphore: Semaphore.Semaphore
  users: number
}

/** Makes a lock; entries nobody uses take no memory. */
export function makeKeyedLock(): KeyedLock {
  const entries = new Map<string, Entry>()
  return {
    withKey: (key) => (effect) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          const entry = entries.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), users: 0 }
          entry.users++
          entries.set(key, entry)
          return entry
        }),
        (entry) => entry.semaphore.withPermit(effect),
        (entry) =>
          Effect.sync(() => {
            entry.users--
            if (entry.users === 0) entries.delete(key)
          }),
      ),
  }
}
