/**
 * Choices and bytes that follow from a seed, and hexadecimal.
 *
 * @module
 */
import { createHash } from "node:crypto"
import type { EntropyService } from "../../../packages/core/src/services/mod.ts"

/** Bytes of a hexadecimal string. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16))
}

/** Hexadecimal string of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** A sequence of choices; equal seeds make equal choices. */
export class Choices {
  #state: number

  /** @param seed any integer. */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** An integer from 0 to `bound - 1`. */
  below(bound: number): number {
    return Math.floor(this.#next() * bound)
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  /** True in this share of cases. */
  chance(share: number): boolean {
    return this.#next() < share
  }

  /** One element. */
  one<T>(items: ReadonlyArray<T>): T {
    return items[this.below(items.length)] as T
  }

  /** Elements in random order. */
  shuffled<T>(items: ReadonlyArray<T>): Array<T> {
    const result = [...items]
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const kept = result[i] as T
      result[i] = result[j] as T
      result[j] = kept
    }
    return result
  }

  /** So many different elements, or all. */
  some<T>(items: ReadonlyArray<T>, count: number): Array<T> {
    return this.shuffled(items).slice(0, count)
  }

  /** Hexadecimal bytes. */
  bytes(length: number): string {
    return toHex(Uint8Array.from({ length }, () => this.below(256)))
  }

  // mulberry32
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Entropy that follows from a text: only for tests. */
export function seededEntropy(seed: string): EntropyService {
  let counter = 0
  return {
    bytes: (length) => {
      const output = new Uint8Array(length)
      for (let at = 0; at < length; at += 32) {
        const block = createHash("sha256").update(`${seed}/${counter++}`).digest()
        output.set(block.subarray(0, Math.min(32, length - at)), at)
      }
      return output
    },
  }
}
