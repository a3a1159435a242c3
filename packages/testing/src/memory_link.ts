/**
 * The memory transport's link to one relay: chance, time, and who asks.
 *
 * @module
 */
import type { Filter, SubscriptionIdentity } from "@mdk/core/services"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { MemoryRelay, MemoryRelays } from "./memory_relay.ts"

/** Effect's clock in unix seconds. */
export const clockSeconds: Effect.Effect<number> = Effect.map(
  Clock.currentTimeMillis,
  (millis) => Math.floor(millis / 1000),
)

/** True for that part of the calls. */
export function happens(network: MemoryRelays, part: number | undefined): boolean {
  return part !== undefined && part > 0 && network.random() < part
}

/** The time that one message takes. */
export const linkDelay: (network: MemoryRelays) => Effect.Effect<void> = (network) =>
  Effect.suspend(() => {
    const [least, most] = network.conditions.delayMillis ?? [0, 0]
    if (most === 0) return Effect.void
    return Effect.sleep(Math.round(least + network.random() * (most - least)))
  })

/**
 * Accounts that the asker has to prove, and does, before a relay answers these filters; or why the
 * relay does not answer.
 */
export const proveAccount: (
  network: MemoryRelays,
  relay: MemoryRelay,
  filters: ReadonlyArray<Filter>,
  identity: SubscriptionIdentity | undefined,
) => Effect.Effect<{ readonly accounts: ReadonlyArray<string> } | "auth-required" | "refused"> =
  Effect.fnUntraced(function* (
    network: MemoryRelays,
    relay: MemoryRelay,
    filters: ReadonlyArray<Filter>,
    identity: SubscriptionIdentity | undefined,
  ) {
    const guarded = filters.filter((filter) =>
      filter.kinds?.some((kind) => network.guardedKinds.includes(kind)) === true
    )
    if (guarded.length === 0) return { accounts: [] }
    if (identity === undefined) return "auth-required"
    const { publicKey, signer } = identity
    const proof = yield* Effect.option(signer.sign({
      kind: 22_242,
      created_at: yield* clockSeconds,
      tags: [["relay", relay.address], ["challenge", relay.address]],
      content: "",
    }))
    const proven = proof._tag === "Some" && network.isGenuine(proof.value) &&
      proof.value.pubkey === publicKey
    if (!proven) return "auth-required"
    const foreign = guarded.some(({ tags }) => tags?.["p"]?.includes(publicKey) === false)
    return foreign ? "refused" : { accounts: [publicKey] }
  })
