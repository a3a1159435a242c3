/**
 * What an application may decide about the transport, and what it gets otherwise.
 *
 * @module
 */
import { hasOwnSignature, type SignatureVerifier } from "./event_verification.ts"
import type { InboxLimits } from "./feed_inbox.ts"
import { platformWebSocket, type WebSocketFactory } from "./platform_socket.ts"
import type { ConnectionLimits } from "./connection_limits.ts"
import { httpInformation, type InformationSource } from "./relay_hints.ts"
import type { PublishLimits } from "./relay_publish.ts"
import type { SendRate } from "./token_bucket.ts"

/** Options of a transport. Times are milliseconds. */
export interface NostrTransportOptions {
  /** Relays for an account that has no lists yet. */
  readonly relays: ReadonlyArray<string>
  /**
   * Dial loopback, link-local and private addresses too. Relay addresses come from other people:
   * only for tests, demos and closed networks.
   */
  readonly allowPrivate?: boolean
  /** Largest serialized event in bytes that is published; default 65 536. */
  readonly maxEventBytes?: number
  /** Verifies signatures, for instance with WebAssembly or in workers; default pure JavaScript. */
  readonly verifySignature?: SignatureVerifier
  /** Opens WebSockets, for instance through a proxy; default the platform's. */
  readonly openSocket?: WebSocketFactory
  /**
   * Gets relays' own descriptions (NIP-11). Default: over HTTP at the relay's address; nothing is
   * asked when `openSocket` is given, because that request would go past the proxy.
   */
  readonly relayInformation?: InformationSource
  /** For TCP, TLS and the handshake; default 8 000. */
  readonly dialMillis?: number
  /** Bound of the first wait before dialling again; it doubles each time; default 500. */
  readonly backoffBaseMillis?: number
  /** Bound of every wait before dialling again; default 60 000. */
  readonly backoffCapMillis?: number
  /** A connection of this age starts the waits anew; default 30 000. */
  readonly dwellMillis?: number
  /** Silence after which a relay is asked for a sign of life; default 25 000. */
  readonly probeAfterMillis?: number
  /** Time to give one; default 10 000. */
  readonly probeMillis?: number
  /** For a relay's `OK`; default 12 000. */
  readonly acknowledgementMillis?: number
  /** For everything that publishing to one relay takes; default 20 000. */
  readonly publishMillis?: number
  /** For a signer that authenticates; default 60 000. */
  readonly signerMillis?: number
  /** How long an unused connection is kept; default 30 000. */
  readonly idleMillis?: number
  /** Messages to one relay; default 200 at once, then 100 a second. */
  readonly sendRate?: SendRate
  /** Longest message from a relay, in UTF-16 units; longer ones are dropped; default 1 048 576. */
  readonly maxFrameLength?: number
}

/** All decisions made. */
export interface TransportSettings {
  readonly relays: ReadonlyArray<string>
  readonly allowPrivate: boolean
  readonly maxEventBytes: number
  readonly verifySignature: SignatureVerifier
  readonly openSocket: WebSocketFactory
  readonly relayInformation: InformationSource | undefined
  readonly idleMillis: number
  readonly connection: ConnectionLimits
  readonly publish: PublishLimits
  readonly inbox: InboxLimits
}

/** Fills in what was not decided. */
export function transportSettings(options: NostrTransportOptions): TransportSettings {
  const timing = {
    baseMillis: options.backoffBaseMillis ?? 500,
    capMillis: options.backoffCapMillis ?? 60_000,
    dwellMillis: options.dwellMillis ?? 30_000,
  }
  const dialMillis = options.dialMillis ?? 8000
  return {
    relays: [...options.relays],
    allowPrivate: options.allowPrivate ?? false,
    maxEventBytes: options.maxEventBytes ?? 65_536,
    verifySignature: options.verifySignature ?? hasOwnSignature,
    openSocket: options.openSocket ?? platformWebSocket,
    relayInformation: options.relayInformation ??
      (options.openSocket === undefined ? httpInformation : undefined),
    idleMillis: options.idleMillis ?? 30_000,
    connection: {
      ...timing,
      dialMillis,
      probeAfterMillis: options.probeAfterMillis ?? 25_000,
      probeMillis: options.probeMillis ?? 10_000,
      maxFrameLength: options.maxFrameLength ?? 1_048_576,
      maxStrikes: 1000,
      maxUnsentBytes: 4_194_304,
      sendRate: options.sendRate ?? { burst: 200, perSecond: 100 },
      authentication: {
        challengeMillis: 5000,
        signerMillis: options.signerMillis ?? 60_000,
        attempts: 3,
      },
      acknowledgementMillis: options.acknowledgementMillis ?? 12_000,
      impatienceMillis: 5000,
    },
    publish: {
      totalMillis: options.publishMillis ?? 20_000,
      connectMillis: dialMillis,
      attempts: 3,
      timing,
    },
    inbox: { maxEvents: 20_000, maxLength: 33_554_432 },
  }
}
