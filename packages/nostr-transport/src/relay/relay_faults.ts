/**
 * How an embedded relay misbehaves on demand.
 *
 * @module
 */
import type { Admission } from "./websocket_server.ts"

/** A NIP-01 message: a verb and its arguments. */
export type RelayMessage = ReadonlyArray<unknown>

/** Faults; what is left out does not happen. */
export interface RelayFaults {
  /** What happens to new connections; `accept` by default. */
  readonly admission?: Admission
  /** Messages are read and never answered, events never stored. */
  readonly neverAnswer?: boolean
  /** Every event is refused with this text, for instance `blocked: not welcome`. */
  readonly refuseEvents?: string
  /** Every question is closed with this text, for instance `rate-limited: slow down`. */
  readonly refuseQuestions?: string
  /** Every authentication is refused with this text. */
  readonly refuseAuth?: string
  /** Put before the reason of every `CLOSED` and negative `OK`; strfry sends `ERROR: `. */
  readonly reasonPrefix?: string
  /** Part of the `EVENT` messages to clients that is lost, 0 to 1. */
  readonly drop?: number
  /** Part of the `EVENT` messages to clients that is sent twice, 0 to 1. */
  readonly duplicate?: number
  /** Every message to clients waits between these milliseconds; different waits reorder them. */
  readonly delayMillis?: readonly [least: number, most: number]
  /** Rewrites, drops (empty list) or multiplies what clients sent, before the relay reads it. */
  readonly incoming?: (client: number, message: RelayMessage) => ReadonlyArray<RelayMessage>
  /** Rewrites, drops (empty list) or multiplies what the relay sends. */
  readonly outgoing?: (client: number, message: RelayMessage) => ReadonlyArray<RelayMessage>
}

/** One message with the milliseconds that it waits. */
export interface Delivery {
  readonly message: RelayMessage
  readonly delayMillis: number
}

/** Applies the faults to one outgoing message. `next` gives numbers from 0 up to 1. */
export function planDeliveries(
  faults: RelayFaults,
  client: number,
  message: RelayMessage,
  next: () => number,
): ReadonlyArray<Delivery> {
  const rewritten = faults.outgoing?.(client, message) ?? [message]
  return rewritten.flatMap((one) => {
    const isEvent = one[0] === "EVENT"
    if (isEvent && faults.drop !== undefined && next() < faults.drop) return []
    const twice = isEvent && faults.duplicate !== undefined && next() < faults.duplicate
    return Array.from({ length: twice ? 2 : 1 }, () => {
      const [least, most] = faults.delayMillis ?? [0, 0]
      const delayMillis = most === 0 ? 0 : Math.round(least + next() * (most - least))
      return { message: one, delayMillis }
    })
  })
}
