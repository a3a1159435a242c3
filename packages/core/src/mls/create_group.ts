/**
 * Creating a group (RFC 9420 section 11).
 *
 * @module
 */
import type { CryptoProvider } from "../crypto/provider.ts"
import type { EntropyService } from "../services/entropy.ts"
import type { Extension } from "./extension.ts"
import type { MlsGroup } from "./group.ts"
import type { OwnKeyPackage } from "./own_key_package.ts"
import type { MlsLimits } from "./policy.ts"

/** What {@link createGroup} needs. */
export interface CreateGroupOptions {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** Source of the epoch secret. */
  readonly entropy: EntropyService
  /** MLS group id, chosen by the caller: random, 16 or 32 bytes. */
  readonly groupId: Uint8Array
  /** Whose leaf becomes the first one; keys are copied. */
  readonly creator: OwnKeyPackage
  /** GroupContext extensions in their order. */
  readonly extensions: ReadonlyArray<Extension>
  /** Windows and bounds; absent fields have their defaults. */
  readonly limits?: Partial<MlsLimits>
}

/**
 * A group of one in epoch 0.
 *
 * @throws MlsError `invalid-leaf` when the creator does not support what the extensions need,
 * `invalid-app-data` for a broken dictionary, `invalid-argument`.
 */
export function createGroup(_options: CreateGroupOptions): MlsGroup {
  throw new Error("not yet")
}
