/**
 * What bounds a connection in time and memory.
 *
 * @module
 */
import type { ReconnectTiming } from "./reconnect_delay.ts"
import type { AuthenticationLimits } from "./session_authentication.ts"
import type { SendRate } from "./token_bucket.ts"

/** How a connection behaves. */
export interface ConnectionLimits extends ReconnectTiming {
  /** Milliseconds for TCP, TLS and the WebSocket handshake together. */
  readonly dialMillis: number
  /** Silence, in milliseconds, after which the relay is asked for a sign of life. */
  readonly probeAfterMillis: number
  /** Milliseconds that it may take to give one. */
  readonly probeMillis: number
  /** Longest text frame, in UTF-16 units; longer ones are dropped unread. */
  readonly maxFrameLength: number
  /** Unreadable frames after which the connection is dropped. */
  readonly maxStrikes: number
  /** Unsent bytes above which sending waits. */
  readonly maxUnsentBytes: number
  /** Messages to the relay. */
  readonly sendRate: SendRate
  /** NIP-42. */
  readonly authentication: AuthenticationLimits
  /** Milliseconds for an `OK`. */
  readonly acknowledgementMillis: number
  /**
   * Whoever needs the relay now does not wait for the end of a long pause, when the last dial ended
   * at least so many milliseconds ago.
   */
  readonly impatienceMillis: number
}
