/**
 * Component 0x8005 `marmot.group.message-retention.v1`: how long messages stay.
 *
 * @module
 */
import { readComponent, writeComponent } from "./component_error.ts"
import { ComponentId } from "./component_id.ts"

const id = ComponentId.messageRetention
const MAX_U64 = 0xffff_ffff_ffff_ffffn

/**
 * Reads the time that messages stay: `u64` seconds, 0 for ever.
 *
 * @throws {ComponentError}
 */
export function decodeMessageRetention(bytes: Uint8Array): bigint {
  return readComponent(id, bytes, (reader) => reader.u64())
}

/** Writes the time that messages stay, in seconds (0 to 2^64 - 1); 0 is for ever. */
export function encodeMessageRetention(seconds: bigint): Uint8Array {
  return writeComponent(id, (writer) => writer.u64(seconds))
}

/**
 * When a message disappears: its inner `created_at` plus the retention of the epoch that it was sent
 * in (a later change does not re-date it). `undefined` when it stays: retention off, or the sum does
 * not fit 64 bits.
 *
 * @param createdAt Unix seconds
 * @param seconds retention of the source epoch; absent or 0 is off
 */
export function expiryOf(createdAt: bigint, seconds: bigint | undefined): bigint | undefined {
  if (seconds === undefined || seconds === 0n) return undefined
  const expiry = createdAt + seconds
  return expiry > MAX_U64 ? undefined : expiry
}
