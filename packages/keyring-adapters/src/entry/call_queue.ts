/**
 * Calls of a library, one at a time.
 *
 * Libraries of credential stores run their calls on a few threads. When a store is closed each call
 * opens a prompt, and two prompts at once have kept threads waiting for ever; four such threads are all
 * that Node has for its files, too. One at a time, at most one thread can be lost.
 *
 * @module
 */

/** Runs a call when all earlier ones have settled. */
export type CallQueue = <A>(call: () => Promise<A>) => Promise<A>

/** Makes an empty queue. */
export const makeCallQueue = (): CallQueue => {
  let last: Promise<unknown> = Promise.resolve()
  return (call) => {
    const current = last.then(call)
    last = current.catch(() => {})
    return current
  }
}
