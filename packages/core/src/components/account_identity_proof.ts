/**
 * Component 0x8009 `marmot.member.account-identity-proof.v2`: where the proof stands in a leaf, and the
 * rules that every leaf must satisfy in every epoch.
 *
 * @module
 */
import {
  ProofError,
  type ProvenLeafKey,
  type PublicKey,
  verifyAccountProof,
} from "../identity/mod.ts"
import {
  type AppDataDictionary,
  decodeDictionary,
  encodeDictionary,
} from "./app_data_dictionary.ts"
import { ComponentError } from "./component_error.ts"
import { ComponentId, supportedComponents } from "./component_id.ts"
import { decodeComponentList, encodeComponentList } from "./component_list.ts"
import { emptySafeAad } from "./safe_aad.ts"

/** What the check of a leaf needs to see of it. */
export interface LeafIdentity extends ProvenLeafKey {
  /** Identity of the leaf's basic credential. */
  readonly identity: Uint8Array
  /** Body of the leaf's `app_data_dictionary` extension; `undefined` when it has none. */
  readonly dictionary: Uint8Array | undefined
}

/**
 * Verifies that a leaf belongs to the account of its credential: its dictionary holds a proof of exactly
 * 104 bytes, lists 0x8009 among the supported components, and the proof was signed by that account
 * for this very signature key.
 *
 * @returns the account
 * @throws {ProofError}
 */
export function verifyLeafIdentity(leaf: LeafIdentity): PublicKey {
  const proof = leafProof(leaf.dictionary)
  return verifyAccountProof(proof, leaf.identity, leaf)
}

/**
 * The proof of a leaf, found but not verified. A leaf whose signature key, identity and proof are byte by
 * byte those of a verified one needs no second verification.
 *
 * @throws {ProofError} `missing`, `malformed` (dictionary or component list) or `not-supported`
 */
export function leafProof(dictionary: Uint8Array | undefined): Uint8Array {
  const entries = readDictionary(dictionary)
  const proof = entries.get(ComponentId.accountIdentityProof)
  if (proof === undefined) throw new ProofError({ reason: "missing" })
  if (!supportOf(entries).includes(ComponentId.accountIdentityProof)) {
    throw new ProofError({ reason: "not-supported" })
  }
  return proof
}

/**
 * Refuses a proof in a dictionary that is not a leaf's: GroupContext, GroupInfo, KeyPackage level.
 *
 * @throws {ProofError} `misplaced`, or `malformed` for the dictionary
 */
export function requireNoProof(dictionary: Uint8Array | undefined): void {
  if (readDictionary(dictionary).has(ComponentId.accountIdentityProof)) {
    throw new ProofError({ reason: "misplaced" })
  }
}

/**
 * The components that a leaf says it supports; none when it has no list.
 *
 * @throws {ComponentError} when dictionary or list are malformed
 */
export function leafComponents(dictionary: Uint8Array | undefined): ReadonlyArray<number> {
  if (dictionary === undefined) return []
  const list = decodeDictionary(dictionary).get(ComponentId.appComponents)
  return list === undefined ? [] : decodeComponentList(list)
}

/**
 * The dictionary of a leaf of this library: what it supports, the empty SafeAAD list, the proof.
 *
 * @param proof the 104 bytes of component 0x8009
 */
export function leafDictionary(proof: Uint8Array): Uint8Array {
  return encodeDictionary(
    new Map([
      [ComponentId.appComponents, encodeComponentList(supportedComponents)],
      [ComponentId.safeAad, emptySafeAad],
      [ComponentId.accountIdentityProof, proof],
    ]),
  )
}

const readDictionary = (dictionary: Uint8Array | undefined): AppDataDictionary => {
  if (dictionary === undefined) return new Map()
  return asProof(() => decodeDictionary(dictionary))
}

const supportOf = (entries: AppDataDictionary): ReadonlyArray<number> => {
  const list = entries.get(ComponentId.appComponents)
  return list === undefined ? [] : asProof(() => decodeComponentList(list))
}

const asProof = <A>(body: () => A): A => {
  try {
    return body()
  } catch (error) {
    if (error instanceof ComponentError) throw new ProofError({ reason: "malformed" })
    throw error
  }
}
