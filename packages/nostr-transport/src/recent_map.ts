/**
 * A map that remembers the most recently used entries only.
 *
 * @module
 */

/** Holds at most `capacity` entries; the one that was unused for longest goes first. */
export class RecentMap<V> {
  readonly #capacity: number
  readonly #entries: Map<string, V> = new Map()

  /** An empty map. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Number of entries. */
  get size(): number {
    return this.#entries.size
  }

  /** The value, which becomes the most recently used; `undefined` when there is none (any more). */
  get(key: string): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  /** Sets a value, which becomes the most recently used. */
  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#capacity) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      break
    }
  }
}
