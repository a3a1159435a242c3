/**
 * The native libraries below the adapters, for looking at entries from the side.
 *
 * @module
 */
import type { KeyName, KeyStoreError, KeyStoreService } from "@mdk/core/services"
import { BunSecrets, Keytar, NativeKeyring } from "@mdk/keyring-adapters"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { createRequire } from "node:module"

// They are dependencies of the adapters' package, not of this folder.
const require = createRequire(
  new URL("../../../packages/keyring-adapters/package.json", import.meta.url),
)

/** True on Bun. */
export const isBun: boolean = "Bun" in globalThis

/** keytar's module. */
export const keytar = (): Keytar.KeytarModule => require("@github/keytar")

/** Raw entries of `@napi-rs/keyring`. */
export const rawEntries = (): {
  readonly plant: (name: KeyName, entry: Uint8Array) => Promise<void>
  readonly peek: (name: KeyName) => Promise<Uint8Array | undefined>
} => {
  const napi: typeof import("@napi-rs/keyring") = require("@napi-rs/keyring")
  const entry = ({ serviceId, keyId }: KeyName) =>
    new napi.AsyncEntry(serviceId, keyId, { linux: { store: "secret-service" } })
  return {
    plant: (name, bytes) => entry(name).setSecret(bytes),
    peek: async (name) => {
      const secret = await entry(name).getSecret()
      return secret === null ? undefined : Uint8Array.from(secret)
    },
  }
}

/** The adapters that answer null while the store is closed and can run here, by name. */
export const textStores = (
  timeLimit?: Duration.Input,
): ReadonlyArray<readonly [string, Effect.Effect<KeyStoreService, KeyStoreError>]> => {
  const limit = timeLimit === undefined ? {} : { timeLimit }
  const found: Array<readonly [string, Effect.Effect<KeyStoreService, KeyStoreError>]> = [
    ["keytar", Effect.sync(() => Keytar.make({ keytar: keytar(), ...limit }))],
  ]
  if (isBun) found.push(["bun-secrets", BunSecrets.make(limit)])
  return found
}

/** Every adapter over the Secret Service that can run here. */
export const allStores = (
  timeLimit?: Duration.Input,
): ReadonlyArray<readonly [string, Effect.Effect<KeyStoreService, KeyStoreError>]> => [
  ["native", NativeKeyring.make(timeLimit === undefined ? {} : { timeLimit })],
  ...textStores(timeLimit),
]
