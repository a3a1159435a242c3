/**
 * One call at a time for each key within this process, whoever holds the store.
 *
 * A library's call cannot be cancelled: after a time limit it still runs, and may write when a person
 * finally answers a prompt. So a turn remembers the calls that were left running, and the next turn
 * waits for them. Between processes the storage adapter's lock decides.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** The right to use one key. */
export interface Turn {
  /** Runs a library call that the next turn has to wait for, even if this one gives up. */
  readonly track: <A>(call: Promise<A>) => Promise<A>
}

interface Queue {
  readonly semaphore: Semaphore.Semaphore
  readonly running: Set<Promise<unknown>>
  waiting: number
}

const queues = new Map<string, Queue>()

const enter = (id: string): Queue => {
  const queue = queues.get(id) ??
    { semaphore: Semaphore.makeUnsafe(1), running: new Set(), waiting: 0 }
  queue.waiting += 1
  queues.set(id, queue)
  return queue
}

const forgetIfIdle = (id: string, queue: Queue): void => {
  if (queue.waiting === 0 && queue.running.size === 0) queues.delete(id)
}

const turnIn = (id: string, queue: Queue): Turn => ({
  track: (call) => {
    const settled: Promise<void> = call.then(() => {}, () => {}).then(() => {
      queue.running.delete(settled)
      forgetIfIdle(id, queue)
    })
    queue.running.add(settled)
    return call
  },
})

/**
 * Runs `body` when every earlier turn with the same id is over and its calls have settled.
 *
 * @param id the store and the key, as parts; equal parts share a turn across all instances
 */
export const inTurn = <A, E, R>(
  id: ReadonlyArray<string>,
  body: (turn: Turn) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> => {
  const key = JSON.stringify(id)
  return Effect.acquireUseRelease(
    Effect.sync(() => enter(key)),
    (queue) =>
      queue.semaphore.withPermit(
        Effect.andThen(
          Effect.suspend(() =>
            queue.running.size === 0
              ? Effect.void
              : Effect.promise(() => Promise.all([...queue.running]))
          ),
          Effect.suspend(() => body(turnIn(key, queue))),
        ),
      ),
    (queue) =>
      Effect.sync(() => {
        queue.waiting -= 1
        forgetIfIdle(key, queue)
      }),
  )
}
