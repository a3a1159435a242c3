/**
 * Joining by a Welcome (RFC 9420 section 12.4.3.1).
 *
 * @module
 */
import type { CryptoProvider } from "../crypto/provider.ts"
import type { Extension } from "./extension.ts"
import type { MlsGroup } from "./group.ts"
import type { Member } from "./member.ts"
import type { OwnKeyPackage } from "./own_key_package.ts"
import type { MlsLimits, MlsPolicy } from "./policy.ts"

/** What {@link join} needs. */
export interface JoinOptions {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** The Welcome as an MLSMessage. */
  readonly welcome: Uint8Array
  /** KeyPackages that it may be for; they stay as they are. */
  readonly keyPackages: ReadonlyArray<OwnKeyPackage>
  /** The tree, when the Welcome does not carry it. */
  readonly ratchetTree?: Uint8Array
  /** PSKs. Lifetimes are not checked: the leaves are in a tree already. */
  readonly policy?: MlsPolicy
  /** Windows and bounds; absent fields have their defaults. */
  readonly limits?: Partial<MlsLimits>
}

/** A group that we could join: nothing is consumed, dropping it has no effect. */
export interface Joined {
  /** The state that we join. */
  readonly group: MlsGroup
  /** Which KeyPackage the Welcome was for. */
  readonly keyPackage: OwnKeyPackage
  /** The member who signed the GroupInfo: the inviter. */
  readonly inviter: Member
  /** Extensions of the GroupInfo. */
  readonly groupInfoExtensions: ReadonlyArray<Extension>
}

/** The `KeyPackageRef`s that a Welcome names, without opening anything. */
export function welcomeRefs(_welcome: Uint8Array): ReadonlyArray<Uint8Array> {
  throw new Error("not yet")
}

/**
 * Opens a Welcome and checks the whole group. Neither the KeyPackages nor anything else changes.
 *
 * @throws MlsError with the reason.
 */
export function join(_options: JoinOptions): Joined {
  throw new Error("not yet")
}
