/**
 * Moves signed events over Nostr relays, on Deno, Bun and Node.
 *
 * ```ts
 * import { Transport } from "@mdk/core/services"
 * import { NostrTransport } from "@mdk/nostr-transport"
 * import * as Effect from "effect/Effect"
 *
 * const relays = Effect.map(Transport, (transport) => transport.relays)
 * const layer = NostrTransport.layer({ relays: ["wss://relay.example"] })
 * console.log(await Effect.runPromise(relays.pipe(Effect.provide(layer))))
 * ```
 *
 * @module
 */
export { NostrTransport } from "./nostr_transport.ts"
export type { NostrTransportOptions } from "./transport_options.ts"
export { isHex64, readEvent } from "./event_shape.ts"
export { hasOwnId, hasOwnSignature, type SignatureVerifier } from "./event_verification.ts"
export {
  matchesAnyFilter,
  matchesFilter,
  newestFirst,
  readFilter,
  toWireFilter,
  type WireFilter,
} from "./filter.ts"
export { type ReasonPrefix, reasonPrefix, refusalAdvice } from "./reason_prefix.ts"
export type { InformationSource } from "./relay_hints.ts"
export type { WebSocketFactory } from "./platform_socket.ts"
export type { SendRate } from "./token_bucket.ts"
export { relayAddress } from "./relay_address.ts"
