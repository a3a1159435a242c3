/**
 * The alphabet of service ids and key ids.
 *
 * Stores disagree about unusual names: a NUL silently cuts them, kernel keyrings join the two parts
 * with `@`. Such names are refused before any store sees them. Windows joins the parts with a dot, so
 * there `a.b` + `c` and `a` + `b.c` are one entry; dots are too common to refuse.
 *
 * @module
 */
import type { KeyName, KeyStoreError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { failure, type KeyStoreOperation } from "./failure.ts"

/** Longest id in UTF-8 bytes. */
export const MAX_ID_BYTES = 255

/** Ending of the short-lived entries by which a store is asked whether it is open. */
export const PROBE_SUFFIX = ".mdk-probe"

/** True for 1 to 255 bytes of well-formed UTF-8 without control characters and without `@`. */
export const isValidId = (id: string): boolean =>
  id.length > 0 && id.length <= MAX_ID_BYTES && id.isWellFormed() &&
  !/[\p{Cc}\u2028\u2029@]/u.test(id) && new TextEncoder().encode(id).length <= MAX_ID_BYTES

/** Fails with `invalid-name` unless both ids are valid and the key id is not reserved. */
export const checkName = (
  name: KeyName,
  operation: KeyStoreOperation,
): Effect.Effect<void, KeyStoreError> =>
  isValidId(name.serviceId) && isValidId(name.keyId) && !name.keyId.endsWith(PROBE_SUFFIX)
    ? Effect.void
    : Effect.fail(failure(operation, "invalid-name"))

/** Fails with `invalid-name` unless the service id is valid. */
export const checkServiceId = (
  serviceId: string,
  operation: KeyStoreOperation,
): Effect.Effect<void, KeyStoreError> =>
  isValidId(serviceId) ? Effect.void : Effect.fail(failure(operation, "invalid-name"))
