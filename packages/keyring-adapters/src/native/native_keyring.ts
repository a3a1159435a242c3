/**
 * The credential store of the platform: the Secret Service on Linux and FreeBSD, the login keychain
 * on macOS, the Credential Manager on Windows.
 *
 * Entries are those of the Rust MDK: it reads ours and we read its. Only Linux was run; the other
 * platforms take the same path and were not run on real machines.
 *
 * @module
 */
import { KeyStore, type KeyStoreError, type KeyStoreService } from "@mdk/core/services"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { makeEntryStore } from "../entry/entry_store.ts"
import { failure } from "../entry/failure.ts"
import { loadNapi, platformStore } from "./napi_library.ts"
import { makeNapiPort } from "./napi_port.ts"

/** Settings of the platform's store. */
export interface NativeKeyringOptions {
  /**
   * Time limit of every call; default 60 seconds, because the store may ask a person. A write that
   * ran into the limit may still happen: read before writing again.
   */
  readonly timeLimit?: Duration.Input
}

/**
 * Makes the service.
 *
 * Fails with `unavailable` where the platform has no store or the library no binary. Whether the store
 * is running and open shows at the first call. Listing reads all entries of the service into text that
 * cannot be zeroed; nothing else does.
 */
export const make = (
  options: NativeKeyringOptions = {},
): Effect.Effect<KeyStoreService, KeyStoreError> =>
  Effect.gen(function* () {
    if (platformStore === undefined) return yield* failure("open", "unavailable")
    const library = yield* loadNapi
    return makeEntryStore(
      makeNapiPort(library, platformStore, "secret-service"),
      options.timeLimit,
    )
  })

/** Provides the platform's store with settings. */
export const layerWith = (
  options: NativeKeyringOptions,
): Layer.Layer<KeyStore, KeyStoreError> => Layer.effect(KeyStore, make(options))

/** Provides the platform's store. */
export const layer: Layer.Layer<KeyStore, KeyStoreError> = Layer.effect(KeyStore, make())
