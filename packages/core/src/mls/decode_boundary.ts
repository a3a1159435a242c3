/**
 * The border between codec and machine: a decoding error becomes an MLS refusal.
 *
 * @module
 */
import { DecodeError } from "../codec/tls.ts"
import { refuse } from "./mls_error.ts"

/** Runs a decoder; its `DecodeError` becomes an `MlsError` with `malformed`. */
export function decodeBoundary<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof DecodeError) refuse("malformed")
    throw error
  }
}
