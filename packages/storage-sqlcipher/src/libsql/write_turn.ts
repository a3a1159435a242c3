/**
 * One writer at a time among the connections of a client, without blocking the program: the engine
 * waits for locks synchronously, so a wait for our own transaction would never end.
 *
 * @module
 */

/** Gives the turn back. Repeating it is harmless. */
export type EndTurn = () => void

/** A queue for the turn to write. */
export class WriteTurn {
  #last: Promise<void> = Promise.resolve()

  /** Waits until everybody who asked before has given the turn back. */
  async take(): Promise<EndTurn> {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    await before
    return resolve
  }

  /** Runs a function in a turn of its own. */
  async during<A>(run: () => A): Promise<A> {
    const end = await this.take()
    try {
      return run()
    } finally {
      end()
    }
  }
}
