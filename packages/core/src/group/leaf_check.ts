/**
 * Whether a leaf is a proven device of an account that supports what a group requires (spec 3.2).
 *
 * @module
 */
import { encodeHex } from "../codec/mod.ts"
import { leafComponents, verifyLeafIdentity } from "../components/mod.ts"
import type { PublicKey } from "../identity/mod.ts"
import { ExtensionType, findExtension, type Member } from "../mls/mod.ts"
import { refuse } from "./refusal.ts"

/** What a leaf says about itself. */
export type LeafClaims = Pick<Member, "identity" | "signatureKey" | "extensions">

const dictionaryOf = (leaf: Pick<LeafClaims, "extensions">): Uint8Array | undefined =>
  findExtension(leaf.extensions, ExtensionType.appDataDictionary)

/**
 * Verifies the identity proof of a leaf. Costs one signature verification.
 *
 * @returns the account
 * @throws {GroupRefusal} `bad-proof`
 */
export function proveLeaf(leaf: LeafClaims): PublicKey {
  try {
    const { identity, signatureKey } = leaf
    return verifyLeafIdentity({ identity, signatureKey, dictionary: dictionaryOf(leaf) })
  } catch {
    return refuse("bad-proof")
  }
}

/**
 * The account of a leaf that was proven when it entered the tree: nothing is verified again, because
 * this runs for every member at every commit.
 */
export function accountOf(leaf: Pick<LeafClaims, "identity">): PublicKey {
  return leaf.identity.length === 32 ? encodeHex(leaf.identity) as PublicKey : refuse("bad-proof")
}

/** Components that a leaf supports. */
export function supportedBy(leaf: Pick<LeafClaims, "extensions">): ReadonlySet<number> {
  try {
    return new Set(leafComponents(dictionaryOf(leaf)))
  } catch {
    return refuse("unsupporting-leaf")
  }
}
