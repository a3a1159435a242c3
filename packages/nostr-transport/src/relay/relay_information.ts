/**
 * The relay's own limits, and how it tells them (NIP-11).
 *
 * @module
 */

/** What the embedded relay accepts. */
export interface RelayLimits {
  /** Largest message in bytes; a larger one closes the connection with 1009. */
  readonly maxMessageBytes: number
  /** Largest serialized event in bytes; a larger one is refused with `invalid:`. */
  readonly maxEventBytes: number
  /** Most open subscriptions of one connection. */
  readonly maxSubscriptions: number
  /** Most filters of one subscription. */
  readonly maxFilters: number
  /** Most stored events that one filter is answered with. */
  readonly maxLimit: number
  /** How far in the future an event may be dated, in seconds. */
  readonly maxFutureSeconds: number
  /** Most connections at once. */
  readonly maxConnections: number
  /** Most unsent bytes of one connection. */
  readonly maxUnsentBytes: number
  /** Most stored events. */
  readonly maxEvents: number
  /** Most stored bytes. */
  readonly maxStoredBytes: number
}

/** The limits of a relay that was given none; those of common public relays where they matter. */
export const defaultRelayLimits: RelayLimits = {
  maxMessageBytes: 131_072,
  maxEventBytes: 65_536,
  maxSubscriptions: 200,
  maxFilters: 20,
  maxLimit: 500,
  maxFutureSeconds: 900,
  maxConnections: 512,
  maxUnsentBytes: 16_777_216,
  maxEvents: 50_000,
  maxStoredBytes: 134_217_728,
}

/** The NIP-11 document, as JSON. */
export function relayInformation(limits: RelayLimits, authRequired: boolean): string {
  return JSON.stringify({
    name: "mdk embedded relay",
    description: "For demos and tests; keeps everything in memory.",
    software: "mdk",
    supported_nips: [1, 9, 11, 40, 42, 45, 59, 70],
    limitation: {
      max_message_length: limits.maxMessageBytes,
      max_subscriptions: limits.maxSubscriptions,
      max_limit: limits.maxLimit,
      max_subid_length: 64,
      auth_required: authRequired,
      payment_required: false,
      restricted_writes: false,
      created_at_upper_limit: limits.maxFutureSeconds,
    },
  })
}
