/**
 * When one's own KeyPackages are replaced, and when their private keys go.
 *
 * @module
 */
import type { Lifetime } from "../mls/mod.ts"

const DAY = 86_400n

/** A published KeyPackage of one's own, as far as rotation is concerned. */
export interface OwnPublication {
  /** KeyPackageRef, 32 bytes. */
  readonly ref: Uint8Array
  /** Validity, Unix seconds. */
  readonly lifetime: Lifetime
  /** Whether it may be used more than once. */
  readonly lastResort: boolean
  /** Whether a group was joined with it. */
  readonly used: boolean
  /** Whether a relay has acknowledged a replacement in the same slot. */
  readonly replaced: boolean
}

/**
 * When a KeyPackage should be replaced though nobody used it: 14 to 21 days before it ends. The moment
 * within the week depends on its reference, so that it survives restarts and differs between accounts.
 *
 * @returns Unix seconds
 */
export function refreshTime(publication: Pick<OwnPublication, "ref" | "lifetime">): bigint {
  const view = new DataView(publication.ref.buffer, publication.ref.byteOffset)
  const jitter = BigInt(view.getUint32(0)) % (7n * DAY)
  return publication.lifetime.notAfter - 14n * DAY - jitter
}

/**
 * Whether a replacement should be published: after a join, within the window before the end, and after
 * the end.
 *
 * @param now Unix seconds
 */
export function needsReplacement(publication: OwnPublication, now: bigint): boolean {
  return !publication.replaced && (publication.used || now >= refreshTime(publication))
}

/**
 * Whether the private init key must be deleted: after a join with a single-use KeyPackage; of a last
 * resort as soon as a replacement is confirmed; at the end of validity in any case.
 *
 * @param now Unix seconds
 */
export function mustForget(publication: OwnPublication, now: bigint): boolean {
  const { lastResort, used, replaced, lifetime } = publication
  return now > lifetime.notAfter || (lastResort ? replaced : used)
}
