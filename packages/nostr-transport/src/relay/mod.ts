/**
 * A Nostr relay inside this process, for demos and tests. **Not for production.**
 *
 * ```ts
 * import { EmbeddedRelay } from "@mdk/nostr-transport/relay"
 *
 * const relay = await new EmbeddedRelay().start()
 * relay.observe((seen) => seen.verb)
 * relay.setFaults({ drop: 0.1, duplicate: 0.1, delayMillis: [0, 200] })
 * await relay.stop()
 * ```
 *
 * @module
 */
export {
  EmbeddedRelay,
  type EmbeddedRelayOptions,
  type RelayObservation,
} from "./embedded_relay.ts"
export {
  layerEmbeddedRelay,
  makeEmbeddedRelay,
  RelayStartError,
  type RelayStartErrorFields,
  RunningRelay,
} from "./relay_layer.ts"
export type { RelayFaults, RelayMessage } from "./relay_faults.ts"
export { defaultRelayLimits, type RelayLimits } from "./relay_information.ts"
export {
  WebSocketClient,
  type WebSocketClientHandlers,
  type WebSocketClientLimits,
} from "./websocket_client.ts"
export type { Admission } from "./websocket_server.ts"
export { EventStore, type EventStoreLimits, isExpired, type StoreOutcome } from "./event_store.ts"
export { seededRandom } from "../seeded_random.ts"
