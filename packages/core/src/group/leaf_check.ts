/**
 * Whether a leaf is a proven device of an account that supports what a group requires (spec 3.2).
 *
 * @module
 */
import { ComponentId, decodeComponentList } from "../components/mod.ts"
import { type PublicKey, publicKeyFromBytes, verifyAccountProof } from "../identity/mod.ts"
import { appDataDictionary, type Member } from "../mls/mod.ts"
import { refuse } from "./refusal.ts"

/** What a leaf says about itself. */
export type LeafClaims = Pick<Member, "identity" | "signatureKey" | "extensions">

/**
 * Verifies the identity proof of a leaf. Costs one signature verification.
 *
 * @returns the account
 * @throws {GroupRefusal} `bad-proof`
 */
export function proveLeaf(leaf: LeafClaims): PublicKey {
  try {
    const dictionary = appDataDictionary(leaf.extensions)
    const proofs = dictionary?.filter((e) => e.componentId === ComponentId.accountIdentityProof)
    const proof = proofs?.[0]
    if (proof === undefined || !supportedBy(leaf).has(ComponentId.accountIdentityProof)) {
      return refuse("bad-proof")
    }
    return verifyAccountProof(proof.data, leaf.identity, { signatureKey: leaf.signatureKey })
  } catch {
    return refuse("bad-proof")
  }
}

/** The account of a leaf that was proven before; no signature is verified. */
export function accountOf(leaf: Pick<LeafClaims, "identity">): PublicKey {
  try {
    return publicKeyFromBytes(leaf.identity)
  } catch {
    return refuse("bad-proof")
  }
}

/** Components that a leaf supports. */
export function supportedBy(leaf: Pick<LeafClaims, "extensions">): ReadonlySet<number> {
  try {
    const list = appDataDictionary(leaf.extensions)
      ?.find((e) => e.componentId === ComponentId.appComponents)
    return new Set(list === undefined ? [] : decodeComponentList(list.data))
  } catch {
    return refuse("unsupporting-leaf")
  }
}
