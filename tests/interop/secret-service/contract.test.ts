/**
 * The key store contract on the stores over a real Secret Service.
 *
 * Entries are planted and looked at with the library itself, below the adapter.
 *
 * @module
 */
import type { KeyName } from "@mdk/core/services"
import { BunSecrets, Keytar, NativeKeyring } from "@mdk/keyring-adapters"
import { keyStoreContract } from "@mdk/testing"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { createRequire } from "node:module"
import { it } from "node:test"
import { inState, reasonOf } from "./secret_service.ts"

// The libraries are dependencies of the adapters, not of this folder.
const require = createRequire(
  new URL("../../../packages/keyring-adapters/package.json", import.meta.url),
)
const serviceId = "org.example.secret-service.contract"
const isBun = "Bun" in globalThis

inState(["unlocked"], () => {
  const napi: typeof import("@napi-rs/keyring") = require("@napi-rs/keyring")
  const entry = ({ serviceId, keyId }: KeyName) =>
    new napi.AsyncEntry(serviceId, keyId, { linux: { store: "secret-service" } })

  keyStoreContract({
    name: "native",
    open: NativeKeyring.make(),
    serviceId: `${serviceId}.native`,
    lists: true,
    plant: (name, bytes) => entry(name).setSecret(bytes),
    peek: async (name) => {
      const secret = await entry(name).getSecret()
      return secret === null ? undefined : Uint8Array.from(secret)
    },
  })

  const keytar: Keytar.KeytarModule = require("@github/keytar")
  keyStoreContract({
    name: "keytar",
    open: Effect.succeed(Keytar.make({ keytar })),
    serviceId: `${serviceId}.keytar`,
    lists: true,
    plant: ({ serviceId, keyId }, bytes) =>
      keytar.setPassword(serviceId, keyId, new TextDecoder().decode(bytes)),
    peek: async ({ serviceId, keyId }) => {
      const text = await keytar.getPassword(serviceId, keyId)
      return text === null ? undefined : new TextEncoder().encode(text)
    },
    plantsBinary: false,
  })

  if (isBun) {
    keyStoreContract({
      name: "bun-secrets",
      open: BunSecrets.make(),
      serviceId: `${serviceId}.bun`,
      lists: false,
    })
  }
})

it("Bun's store exists where Bun runs, and nowhere else", async () => {
  assert.equal(await reasonOf(BunSecrets.make()), isBun ? "succeeded" : "unavailable")
})
