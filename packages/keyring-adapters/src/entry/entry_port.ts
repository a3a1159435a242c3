/**
 * What a credential store's library has to offer: four calls over raw entries, and what its errors
 * mean. Everything else (names, formats, turns, limits, comparison, reading back) is in
 * `entry_store.ts`, once for all stores.
 *
 * @module
 */
import type { KeyName } from "@mdk/core/services"
import type { CallQueue } from "./call_queue.ts"
import type { Diagnosis } from "./failure.ts"

/** A store of raw entries, behind a library that throws or rejects as it likes. */
export interface EntryPort {
  /** Stable name, recorded beside the database. */
  readonly backend: string
  /** What two handles on the same entries have in common, e.g. a folder; never shown. */
  readonly scope: string
  /**
   * Whether null from `read` and false from `remove` prove absence. A store that answers null when
   * it is closed says `may-be-closed`; it is then asked by a write whether it is open.
   */
  readonly absence: "certain" | "may-be-closed"
  /** Makes the calls of all handles one at a time; undefined where they may run side by side. */
  readonly queue: CallQueue | undefined
  /** Fresh bytes of the entry, null when there is none. */
  readonly read: (name: KeyName) => Promise<Uint8Array | null>
  /** Stores or replaces the entry. The bytes stay the caller's. */
  readonly write: (name: KeyName, entry: Uint8Array) => Promise<void>
  /** Deletes the entry; false when there was none. */
  readonly remove: (name: KeyName) => Promise<boolean>
  /** The key ids of a service, in any order; undefined when the library cannot list. */
  readonly list: ((serviceId: string) => Promise<ReadonlyArray<string>>) | undefined
  /**
   * What an error means; `transient` when the same call may succeed at once. Total: an error that
   * nobody knows is `unavailable`, never `missing`.
   */
  readonly diagnose: (cause: unknown) => Diagnosis | "transient"
}
