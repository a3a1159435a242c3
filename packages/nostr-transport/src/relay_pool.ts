/**
 * The connections of a transport, one per address and identity, shared while they are used.
 *
 * Identities never share a connection: a relay must not learn that two accounts are one person, and
 * some relays bind a connection to the first key that proves itself.
 *
 * @module
 */
import type { RelayState, SubscriptionIdentity } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { WebSocketFactory } from "./platform_socket.ts"
import type { RelayHints } from "./relay_hints.ts"
import type { ConnectionLimits } from "./connection_limits.ts"
import { makeRelayConnection, type RelayConnection } from "./relay_connection.ts"

/** Shared connections. */
export interface RelayPool {
  /** A connection for as long as the scope lives; `address` is in normal form. */
  readonly get: (
    address: string,
    identity: SubscriptionIdentity | undefined,
  ) => Effect.Effect<RelayConnection, never, Scope.Scope>
  /** States by address: the current ones, then every change. */
  readonly states: Stream.Stream<ReadonlyMap<string, RelayState>>
}

/** Of several connections to one relay the first of these states is shown. */
const order: ReadonlyArray<RelayState> = ["auth-needed", "live", "connecting", "down"]

/** Makes a pool; all connections end when the scope closes. */
export const makeRelayPool: (options: {
  readonly limits: ConnectionLimits
  readonly openSocket: WebSocketFactory
  /** Filled as relays are reached. */
  readonly hints: RelayHints
  /** Milliseconds that an unused connection is kept. */
  readonly idleMillis: number
}) => Effect.Effect<RelayPool, never, Scope.Scope> = Effect.fnUntraced(
  function* ({ limits, openSocket, hints, idleMillis }) {
    const identities = new Map<string, SubscriptionIdentity>()
    const states = new Map<string, RelayState>()
    const changes = yield* PubSub.sliding<ReadonlyMap<string, RelayState>>({
      capacity: 256,
      replay: 1,
    })

    const publishStates = (): void => {
      const shown = new Map<string, RelayState>()
      for (const [key, state] of states) {
        const [address = ""] = key.split(" ", 1)
        const other = shown.get(address)
        if (other === undefined || order.indexOf(state) < order.indexOf(other)) {
          shown.set(address, state)
        }
      }
      PubSub.publishUnsafe(changes, shown)
    }
    publishStates()

    const connections = yield* RcMap.make({
      // An address has no spaces: the key splits again.
      lookup: (key: string) =>
        Effect.gen(function* () {
          const [address = "", account = ""] = key.split(" ", 2)
          yield* Effect.addFinalizer(() =>
            Effect.sync(() => {
              states.delete(key)
              publishStates()
            })
          )
          return yield* makeRelayConnection({
            url: address,
            identity: identities.get(account),
            limits,
            openSocket,
            beside: hints.learn(address),
            onState: (state) => {
              if (states.get(key) === state) return
              states.set(key, state)
              publishStates()
            },
          })
        }),
      idleTimeToLive: idleMillis,
    })

    return {
      get: (address, identity) =>
        Effect.suspend(() => {
          if (identity !== undefined) identities.set(identity.publicKey, identity)
          return RcMap.get(connections, `${address} ${identity?.publicKey ?? ""}`)
        }),
      states: Stream.fromPubSub(changes),
    }
  },
)
