/**
 * Builds the errors of this package: a closed reason and one sentence for the person.
 *
 * The sentence is chosen from the reason alone, so that no name, path or text of a library can get
 * into it; the library's own error travels inside `Redacted`.
 *
 * @module
 */
import {
  KeyStoreError,
  type KeyStoreErrorFields,
  type KeyStoreErrorReason,
} from "@mdk/core/services"
import * as Redacted from "effect/Redacted"

/** The call of the key store during which something failed. */
export type KeyStoreOperation = KeyStoreErrorFields["operation"]

const ADVICE: { readonly [reason in KeyStoreErrorReason]: string } = {
  "locked": "Unlock the credential store and try again.",
  "denied": "Allow this program to use the entry in the settings of the credential store.",
  "missing": "No such key. If a database exists for it, look in the store where it was made.",
  "ambiguous": "Several entries match. Remove the wrong ones by hand; none was chosen.",
  "corrupt": "The entry is not a database key. It was left as it is; restore it from a backup.",
  "unavailable": "No credential store answered. Start one, or name another adapter.",
  "backend-changed": "The key is expected in another store. Migrate it or choose that store.",
  "timed-out": "The credential store did not answer in time. Answer its prompt, then try again.",
  "read-only": "This store cannot be written. Change the key where it is provided.",
  "invalid-name":
    "Service and key ids are 1 to 255 bytes without control characters, without @ and not ending in .mdk-probe.",
  "invalid-key": "A key is exactly 32 bytes and never all zero.",
  "conflict": "Another key is stored than the expected one. Nothing was changed.",
  "wrong-passphrase": "The passphrase does not open this key. Try again.",
}

/** What a library's error means. */
export interface Diagnosis {
  /** How the caller should react. */
  readonly reason: KeyStoreErrorReason
  /** Replaces the usual sentence; never built from a library's text. */
  readonly advice?: string
}

/**
 * Builds a {@link KeyStoreError}.
 *
 * @param operation the call that failed
 * @param diagnosis the reason, alone or with its own advice
 * @param cause the foreign error, if there is one; it is hidden from every printer
 */
export const failure = (
  operation: KeyStoreOperation,
  diagnosis: KeyStoreErrorReason | Diagnosis,
  cause?: unknown,
): KeyStoreError => {
  const { reason, advice } = typeof diagnosis === "string"
    ? { reason: diagnosis, advice: undefined }
    : diagnosis
  return new KeyStoreError({
    operation,
    reason,
    advice: advice ?? ADVICE[reason],
    ...(cause === undefined ? {} : { cause: Redacted.make(cause) }),
  })
}
