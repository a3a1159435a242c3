/**
 * Turns the errors of services into the errors of the public API. Nothing of the original is shown:
 * it travels in a `Redacted`.
 *
 * @module
 */
import * as Redacted from "effect/Redacted"
import { OpenError, ServiceError } from "../api/errors.ts"
import type { SignerError } from "../services/signer.ts"
import type { StorageError } from "../services/storage_error.ts"
import type { TransportError } from "../services/transport.ts"

/** What a service can fail with. */
export type AnyServiceFailure = StorageError | SignerError | TransportError

const storageReason = (error: StorageError): ServiceError["reason"] => {
  switch (error.reason) {
    case "full":
      return "disk-full"
    case "outcome-unknown":
      return "outcome-unknown"
    case "closed":
      return "closed"
    case "key-store":
      return "key-store"
    default:
      return "storage"
  }
}

const reasonOf = (error: AnyServiceFailure): ServiceError["reason"] => {
  switch (error._tag) {
    case "StorageError":
      return storageReason(error)
    case "SignerError":
      return error.reason === "timed-out" || error.reason === "unavailable"
        ? "signer-timeout"
        : "signer-refused"
    case "TransportError":
      return error.reason === "closed" ? "closed" : "no-relay"
  }
}

/** A failing service, as the public API says it. */
export const toServiceError = (error: AnyServiceFailure): ServiceError =>
  new ServiceError({ reason: reasonOf(error), cause: Redacted.make(error) })

const OPEN_REASONS: Partial<Record<StorageError["reason"], OpenError["reason"]>> = {
  "wrong-key": "wrong-key",
  "wrong-key-or-damaged": "wrong-key",
  "key-missing": "key-missing",
  "plaintext-file": "not-encrypted",
  "account-in-use": "account-in-use",
  "newer-schema": "newer-format",
  "damaged": "damaged",
  "not-a-database": "damaged",
}

/** A storage that fails while the account is being opened. */
export const toOpenError = (error: StorageError): OpenError | ServiceError => {
  const reason = OPEN_REASONS[error.reason]
  return reason === undefined
    ? toServiceError(error)
    : new OpenError({ reason, cause: Redacted.make(error) })
}
