/**
 * The key store contract on the stores over a real Secret Service.
 *
 * Entries are planted and looked at with the library itself, below the adapter.
 *
 * @module
 */
import { BunSecrets, Keytar, NativeKeyring } from "@mdk/keyring-adapters"
import { keyStoreContract } from "@mdk/testing"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { it } from "node:test"
import { isBun, keytar, rawEntries } from "./libraries.ts"
import { inState, reasonOf } from "./secret_service.ts"

const serviceId = "org.example.secret-service.contract"

inState(["unlocked"], () => {
  keyStoreContract({
    name: "native",
    open: NativeKeyring.make(),
    serviceId: `${serviceId}.native`,
    lists: true,
    ...rawEntries(),
  })

  const library = keytar()
  keyStoreContract({
    name: "keytar",
    open: Effect.succeed(Keytar.make({ keytar: library })),
    serviceId: `${serviceId}.keytar`,
    lists: true,
    plant: ({ serviceId, keyId }, bytes) =>
      library.setPassword(serviceId, keyId, new TextDecoder().decode(bytes)),
    peek: async ({ serviceId, keyId }) => {
      const text = await library.getPassword(serviceId, keyId)
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
