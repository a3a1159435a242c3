/**
 * Wake-up calls by key. A waiter takes the bell before it reads, so that no change falls between
 * reading and waiting; what changed is read from the storage, never carried by the bell.
 *
 * @module
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** Wake-up calls by key. */
export interface Bells {
  /** Wakes everybody who waits at `key`. */
  readonly ring: (key: string) => void
  /** Wakes everybody, once and for all: the account is closed. */
  readonly ringAll: () => void
  /** Takes the bell of `key` now; the effect waits for its next ring. */
  readonly take: (key: string) => Effect.Effect<void>
  /**
   * What `read` gives now and after each ring of `key`, without repetitions of the same `show`;
   * ends after a value that `isLast` accepts.
   */
  readonly watch: <A, E>(key: string, options: {
    readonly read: Effect.Effect<A, E>
    readonly show: (value: A) => string
    readonly isLast: (value: A) => boolean
  }) => Stream.Stream<A, E>
}

/** Makes a set of bells; keys nobody waits at take no memory. */
export function makeBells(): Bells {
  const waiting = new Map<string, Deferred.Deferred<void>>()
  const bell = (key: string): Deferred.Deferred<void> => {
    const found = waiting.get(key)
    if (found !== undefined) return found
    const made = Deferred.makeUnsafe<void>()
    waiting.set(key, made)
    return made
  }
  const bells: Bells = {
    ring: (key) => {
      const found = waiting.get(key)
      if (found === undefined) return
      waiting.delete(key)
      Deferred.doneUnsafe(found, Effect.void)
    },
    ringAll: () => {
      for (const key of [...waiting.keys()]) bells.ring(key)
    },
    take: (key) => Deferred.await(bell(key)),
    watch: (key, options) =>
      Stream.unfold(
        { last: undefined as string | undefined, ended: false },
        Effect.fnUntraced(function* (state) {
          if (state.ended) return undefined
          for (;;) {
            const next = bell(key)
            const value = yield* options.read
            const shown = options.show(value)
            if (shown !== state.last) {
              return [value, { last: shown, ended: options.isLast(value) }] as const
            }
            yield* Deferred.await(next)
          }
        }),
      ),
  }
  return bells
}
