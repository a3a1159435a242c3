/**
 * The entries of `Bun.secrets` in the platform's store: only where Bun runs, only when asked for.
 *
 * Its entries are not those of the Rust MDK; `migrate` moves them. Bun answers null while the store is
 * closed, so this adapter writes a short-lived probe entry before it believes that a key is missing.
 *
 * @module
 */
import { KeyStore, type KeyStoreError, type KeyStoreService } from "@mdk/core/services"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { makeEntryStore } from "../entry/entry_store.ts"
import { failure } from "../entry/failure.ts"
import { makeTextPort } from "../entry/text_port.ts"
import { type BunSecretsApi, findBunSecrets } from "./bun_secrets_api.ts"

/** Settings of Bun's store. */
export interface BunSecretsOptions {
  /** Time limit of every call; default 60 seconds. */
  readonly timeLimit?: Duration.Input
}

const NOT_BUN = "This runtime has no Bun.secrets. Name another adapter."

const port = (secrets: BunSecretsApi) =>
  makeTextPort({
    read: ({ serviceId, keyId }) => secrets.get({ service: serviceId, name: keyId }),
    write: ({ serviceId, keyId }, value) => secrets.set({ service: serviceId, name: keyId, value }),
    remove: ({ serviceId, keyId }) => secrets.delete({ service: serviceId, name: keyId }),
    list: undefined,
  }, "bun-secrets")

/** Makes the service. Fails with `unavailable` on other runtimes. It cannot list. */
export const make = (
  options: BunSecretsOptions = {},
): Effect.Effect<KeyStoreService, KeyStoreError> =>
  Effect.suspend(() => {
    const secrets = findBunSecrets()
    return secrets === undefined
      ? Effect.fail(failure("open", { reason: "unavailable", advice: NOT_BUN }))
      : Effect.succeed(makeEntryStore(port(secrets), options.timeLimit))
  })

/** Provides Bun's store with settings. */
export const layerWith = (options: BunSecretsOptions): Layer.Layer<KeyStore, KeyStoreError> =>
  Layer.effect(KeyStore, make(options))

/** Provides Bun's store. */
export const layer: Layer.Layer<KeyStore, KeyStoreError> = Layer.effect(KeyStore, make())
