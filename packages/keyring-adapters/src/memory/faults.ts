/**
 * Faults that a {@link MemoryKeyStore} can be told to have.
 *
 * @module
 */
import type { KeyStoreErrorReason } from "@mdk/core/services"

/** One step of the store's library; a call of `KeyStore` makes several of them. */
export type MemoryStep = "read" | "write" | "remove" | "list"

/** A fault that waits for its step. */
export interface MemoryFault {
  /** The step that fails. */
  readonly step: MemoryStep
  /**
   * What happens: the step fails with this reason, or
   *
   * - `vanished`: it fails in the way that is retried once
   * - `hang`: it never answers
   * - `null`: `read` answers that there is nothing, `remove` that nothing was there
   * - `lost`: `write` answers that all is well and stores nothing
   * - `half`: `write` stores the entry and fails all the same
   */
  readonly fault: KeyStoreErrorReason | "vanished" | "hang" | "null" | "lost" | "half"
  /** How many times; default once. */
  readonly times?: number
  /** How many such steps pass untouched before the fault begins; default none. */
  readonly after?: number
}

/** What a failing step rejects with. */
export interface MemoryFailure {
  /** The reason to report, or that the step may be repeated. */
  readonly memoryFault: KeyStoreErrorReason | "transient"
}

/** The faults that still wait, and the steps that were made. */
export interface FaultPlan {
  /** Adds a fault. */
  readonly add: (fault: MemoryFault) => void
  /** Forgets all faults. */
  readonly clear: () => void
  /** The fault that this step has to have, if any. */
  readonly next: (step: MemoryStep) => MemoryFault["fault"] | undefined
}

/** An empty plan. */
export const makeFaultPlan = (): FaultPlan => {
  let waiting: Array<{ fault: MemoryFault; skip: number; left: number }> = []
  return {
    add: (fault) => {
      waiting.push({ fault, skip: fault.after ?? 0, left: fault.times ?? 1 })
    },
    clear: () => {
      waiting = []
    },
    next: (step) => {
      for (const entry of waiting) {
        if (entry.fault.step !== step || entry.left === 0) continue
        if (entry.skip > 0) {
          entry.skip -= 1
          continue
        }
        entry.left -= 1
        return entry.fault.fault
      }
      return undefined
    },
  }
}
