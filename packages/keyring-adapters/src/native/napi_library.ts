/**
 * `@napi-rs/keyring`, loaded when a store is opened and at no other time.
 *
 * @module
 */
import type { KeyStoreError } from "@mdk/core/services"
import type { AsyncEntry, EntryOptions } from "@napi-rs/keyring"
import * as Effect from "effect/Effect"
import process from "node:process"
import { failure } from "../entry/failure.ts"

/** The part of the library that is used. */
export interface NapiLibrary {
  /** One entry; the constructor may connect to the store, and throw. */
  readonly AsyncEntry: new (
    service: string,
    user: string,
    options?: EntryOptions,
  ) => Pick<AsyncEntry, "getSecret" | "setSecret" | "deleteCredential">
  /** All entries of a service, with their secrets as text. */
  readonly findCredentialsAsync: (
    service: string,
  ) => Promise<ReadonlyArray<{ readonly account: string }>>
}

const NOT_INSTALLED =
  "The package @napi-rs/keyring cannot be loaded on this platform. Install it, or name another adapter."

/** Loads the library; fails with `unavailable` where it has no binary. */
export const loadNapi: Effect.Effect<NapiLibrary, KeyStoreError> = Effect.tryPromise({
  try: async () => {
    const { AsyncEntry, findCredentialsAsync } = await import("@napi-rs/keyring")
    return { AsyncEntry, findCredentialsAsync }
  },
  catch: (cause) => failure("open", { reason: "unavailable", advice: NOT_INSTALLED }, cause),
})

/** The platform's store by the name that is recorded beside a database, undefined for none. */
export const platformStore: string | undefined = {
  linux: "native:secret-service",
  freebsd: "native:secret-service",
  darwin: "native:keychain",
  win32: "native:credential-manager",
}[process.platform as string]
