/**
 * The key store contract on the stores that need nothing from the machine.
 *
 * @module
 */
import type { KeyName } from "@mdk/core/services"
import { MemoryKeyring } from "@mdk/keyring-adapters"
import { keyStoreContract } from "@mdk/testing"
import * as Effect from "effect/Effect"

for (const absence of ["certain", "may-be-closed"] as const) {
  const memory = MemoryKeyring.make({ absence })
  keyStoreContract({
    name: `memory, null is ${absence}`,
    open: Effect.succeed(memory.service),
    serviceId: "org.example.contract",
    lists: true,
    plant: (name: KeyName, entry: Uint8Array) => Promise.resolve(memory.plant(name, entry)),
    peek: (name: KeyName) => Promise.resolve(memory.peek(name)),
  })
}
