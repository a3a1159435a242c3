/**
 * What the caller allows: limits, lifetimes, wire formats and pre-shared keys. Nothing here is a
 * constant of the machine.
 *
 * @module
 */
import type { KeyPackage } from "./key_package.ts"
import { refuse } from "./mls_error.ts"
import type { PreSharedKeyId } from "./pre_shared_key.ts"

/** Which KeyPackage lifetimes are acceptable. An absent field is not checked. */
export interface LifetimePolicy {
  /** Largest accepted `not_after - not_before`, in seconds, the bound itself included. */
  readonly maxSpan?: bigint
  /** Unix seconds; the lifetime must contain it. Leave it out for commits of others. */
  readonly now?: bigint
}

/** How handshake messages may arrive. */
export type HandshakeFormats = "public" | "private" | "any"

/** Finds a pre-shared key. The bytes stay the callee's. */
export type PskLookup = (id: PreSharedKeyId) => Uint8Array | undefined

/** What a caller allows for one call. An absent field means: not checked, or not available. */
export interface MlsPolicy {
  /** Lifetimes of KeyPackages that are added. Leaves already in a tree are never checked. */
  readonly lifetime?: LifetimePolicy
  /** Wire formats of proposals and commits; default `any`. */
  readonly handshakes?: HandshakeFormats
  /** Without it every PSK is refused with `policy`. */
  readonly psk?: PskLookup
  /**
   * Most proposals of one leaf that are pending; one more is refused with `policy`. So that no member
   * can use up the places of the others.
   */
  readonly proposalsPerLeaf?: number
}

/** Limits of a group copy, fixed when it is created, joined or decoded. */
export interface MlsLimits {
  /** How far behind the next expected generation a message may be; default 100. */
  readonly outOfOrder: number
  /** How far ahead of the next expected generation a message may be; default 1000. */
  readonly forward: number
  /** Most proposals that a state keeps until a commit; default 1024. */
  readonly pendingProposals: number
}

/** Out of order 100, forward 1000, 1024 pending proposals. */
export const defaultLimits: MlsLimits = { outOfOrder: 100, forward: 1000, pendingProposals: 1024 }

/** A KeyPackage lives at most 84 days and 1 hour under the Marmot profile, in seconds. */
export const MARMOT_MAX_LIFETIME = 7_261_200n

/** Refuses with `invalid-lifetime` unless the KeyPackage satisfies the policy. */
export function checkLifetime(keyPackage: KeyPackage, policy: LifetimePolicy | undefined): void {
  const source = keyPackage.leafNode.source
  if (source.kind !== "key_package") refuse("invalid-key-package")
  if (policy === undefined) return
  const { notBefore, notAfter } = source.lifetime
  if (notAfter < notBefore) refuse("invalid-lifetime")
  if (policy.maxSpan !== undefined && notAfter - notBefore > policy.maxSpan) {
    refuse("invalid-lifetime")
  }
  if (policy.now !== undefined && (policy.now < notBefore || policy.now > notAfter)) {
    refuse("invalid-lifetime")
  }
}
