/**
 * How a message of our own is framed.
 *
 * @module
 */
import { refuse } from "./mls_error.ts"

/** Framing of a proposal or commit. */
export interface FramingOptions {
  /** Default `public`. */
  readonly wireFormat?: "public" | "private"
  /** `authenticated_data`; default empty. */
  readonly authenticatedData?: Uint8Array
  /** A PrivateMessage is padded with zeros to a multiple of this many bytes; default 0: none. */
  readonly padding?: number
}

/** The padding in bytes, 0 to 65 536; anything else is refused with `invalid-argument`. */
export function checkPadding(padding: number | undefined): number {
  if (padding === undefined) return 0
  if (!Number.isSafeInteger(padding) || padding < 0 || padding > 65_536) refuse("invalid-argument")
  return padding
}
