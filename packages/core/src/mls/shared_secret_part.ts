/**
 * Secret parts that several values of one group may hold at the same time.
 *
 * @module
 */

/**
 * Counts its holders and zeroes itself when the last one lets go. Values of a group are immutable
 * and share what did not change between them; so every value owns its secrets in the sense that
 * matters: retiring one zeroes what no other living value still needs, and nothing else.
 */
export abstract class SharedSecretPart {
  #holders = 1

  /** One more holder. */
  retain(): this {
    if (this.#holders === 0) throw new TypeError("secret part was wiped")
    this.#holders++
    return this
  }

  /** One holder less; the last one wipes. */
  release(): void {
    if (this.#holders === 0) throw new TypeError("secret part was wiped")
    if (--this.#holders === 0) this.wipe()
  }

  /** Zeroes the buffers of this part and releases the parts that it holds itself. */
  protected abstract wipe(): void
}
