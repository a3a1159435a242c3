/**
 * Sending application data.
 *
 * @module
 */
import type { EntropyService } from "../services/entropy.ts"
import type { MlsGroup } from "./group.ts"

/** What {@link seal} needs besides the plaintext. */
export interface SealOptions {
  /** Source of the reuse guard. */
  readonly entropy: EntropyService
  /** `authenticated_data`; default empty. */
  readonly authenticatedData?: Uint8Array
  /** Padded with zeros to a multiple of this many bytes; default 0: none. */
  readonly padding?: number
}

/** A sealed message. */
export interface Sealed {
  /** The next value. It must be durable before `message` leaves: a key is never used twice. */
  readonly group: MlsGroup
  /** The MLSMessage. */
  readonly message: Uint8Array
  /** Generation of its key in our ratchet. */
  readonly generation: number
}

/** Encrypts application data as a PrivateMessage. Allowed with pending proposals. */
export function seal(_group: MlsGroup, _plaintext: Uint8Array, _options: SealOptions): Sealed {
  throw new Error("not yet")
}
