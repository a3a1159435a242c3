/**
 * What every operation on a database file is told.
 *
 * @module
 */
import type * as Redacted from "effect/Redacted"
import type { DriverChoice } from "../driver/load.ts"
import type { OnProgress } from "./progress.ts"

/** Which file, and who hears how far it has come. */
export interface LifecycleOptions {
  /** The database file, as it is named when it is opened. */
  readonly path: string
  /** The engine, default `multiple-ciphers`. */
  readonly driver?: DriverChoice
  /** Is told how far the operation has come. */
  readonly onProgress?: OnProgress
}

/** Which file, and its key. */
export interface KeyedOptions extends LifecycleOptions {
  /** The 32 bytes of its key, which stay the caller's. */
  readonly key: Redacted.Redacted<Uint8Array>
}
