/**
 * How far back an answer to a question about stored events reaches.
 *
 * @module
 */
import type { NostrEvent } from "@mdk/core/services"

/** Live events that may come between stored ones without hiding where those end. */
const tolerance = 4

/** What came for one filter before the end of the stored events. */
export class AnswerExtent {
  readonly #ids: Set<string> = new Set()
  /** The lowest times, ascending. */
  readonly #lowest: Array<number> = []
  #atOldest = 0

  /** Ids of the events. */
  get ids(): ReadonlySet<string> {
    return this.#ids
  }

  /** Number of events. */
  get count(): number {
    return this.#ids.size
  }

  /** The lowest time; `Infinity` when nothing came. */
  get oldest(): number {
    return this.#lowest[0] ?? Infinity
  }

  /**
   * A time from which older events may be missing; `Infinity` when nothing came. Not simply the
   * lowest: a live event that is dated back, as gift wraps are, may come before the stored ones end,
   * and everything between it and them would be skipped.
   */
  get boundary(): number {
    return this.#lowest[Math.min(tolerance, Math.floor(this.count / 2))] ?? Infinity
  }

  /** Number of events of that time, if it is the lowest; else 0. */
  countAt(time: number): number {
    return time === this.oldest ? this.#atOldest : 0
  }

  /** Takes an event into account, once. */
  note(event: NostrEvent): void {
    if (this.#ids.has(event.id)) return
    this.#ids.add(event.id)
    if (event.created_at < this.oldest) this.#atOldest = 1
    else if (event.created_at === this.oldest) this.#atOldest += 1
    const at = this.#lowest.findIndex((time) => event.created_at < time)
    if (at >= 0) this.#lowest.splice(at, 0, event.created_at)
    else this.#lowest.push(event.created_at)
    if (this.#lowest.length > tolerance + 1) this.#lowest.pop()
  }
}
