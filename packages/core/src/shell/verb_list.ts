/**
 * A growing batch in which a later write of a row replaces the earlier one.
 *
 * @module
 */
import type { Verb } from "../services/storage_batch.ts"

/** Collects verbs; repeated writes of one row are kept once, in the place of the last. */
export class VerbList {
  readonly #rows = new Map<string, Verb>()
  #ranges = 0

  /** Adds verbs in order. */
  add(verbs: Iterable<Verb>): void {
    for (const verb of verbs) {
      const key = verb.verb === "put" || verb.verb === "delete"
        ? `${verb.collection}\n${verb.key}`
        : `\n${this.#ranges++}`
      this.#rows.delete(key)
      this.#rows.set(key, verb)
    }
  }

  /** The batch. */
  get verbs(): ReadonlyArray<Verb> {
    return [...this.#rows.values()]
  }
}
