/**
 * What commands fail with, and what stands behind a failure.
 *
 * @module
 */
import * as Redacted from "effect/Redacted"
import type { Failure } from "./exit_code.ts"

/** What commands fail with. */
export type CommandFailure = Failure & { readonly advice?: unknown }

/** The key store's own failure where that is what stands behind another one. */
export function keyStoreFailure(failure: CommandFailure): CommandFailure {
  if (failure.reason !== "key-store" || !("cause" in failure)) return failure
  const { cause } = failure
  if (!Redacted.isRedacted(cause)) return failure
  const behind = Redacted.value(cause)
  return isFailure(behind) ? keyStoreFailure(behind) : failure
}

function isFailure(value: unknown): value is CommandFailure {
  return typeof value === "object" && value !== null && "_tag" in value &&
    typeof value._tag === "string" && "reason" in value && typeof value.reason === "string"
}
