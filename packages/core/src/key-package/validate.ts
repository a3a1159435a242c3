/**
 * Other people's KeyPackages: everything that must hold before one is invited with.
 *
 * @module
 */
import { encodeHex } from "../codec/mod.ts"
import {
  ComponentId,
  decodeDictionary,
  decodeSafeAad,
  isLastResort,
  leafComponents,
  requireNoProof,
  verifyLeafIdentity,
} from "../components/mod.ts"
import type { CryptoProvider } from "../crypto/mod.ts"
import { EventError, type PublicKey, verifyEvent } from "../identity/mod.ts"
import {
  basicIdentity,
  ExtensionType,
  findExtension,
  type KeyPackage,
  keyPackageRef,
  type Lifetime,
  MARMOT_MAX_LIFETIME,
  MlsError,
  parseKeyPackage,
  ProposalType,
} from "../mls/mod.ts"
import { type KeyPackageAdvertisement, readKeyPackageEvent } from "../nostr/mod.ts"
import type { NostrEvent } from "../services/mod.ts"
import { advertise } from "./build.ts"
import {
  KeyPackageError,
  type KeyPackageErrorReason,
  refuseKeyPackage,
} from "./key_package_error.ts"
import type { LeafOffer } from "./leaf_profile.ts"

// An earlier draft marked last resort by an extension of its own: never written, still understood.
const DRAFT_LAST_RESORT = 0x000a

/** A KeyPackage that is valid by itself; whether a group can use it is another question. */
export interface ValidKeyPackage extends LeafOffer {
  /** Whose it is; proven. */
  readonly account: PublicKey
  /** KeyPackageRef, 64 lower-case hex. */
  readonly ref: string
  /** The KeyPackage. */
  readonly keyPackage: KeyPackage
  /** The complete MLSMessage. */
  readonly message: Uint8Array
  /** Whether it may be used more than once. */
  readonly lastResort: boolean
  /** Validity, Unix seconds. */
  readonly lifetime: Lifetime
}

/** A {@link ValidKeyPackage} with the event that published it. */
export interface PublishedKeyPackage extends ValidKeyPackage {
  /** Id of the event, named in the Welcome. */
  readonly eventId: string
  /** Which of the author's slots it fills. */
  readonly slot: string
  /** `created_at` of the event. */
  readonly createdAt: number
}

/** What validation depends on. */
export interface ValidationContext {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** Unix seconds. */
  readonly now: bigint
}

/**
 * Validates the bytes of a KeyPackage: RFC 9420, lifetime (current, at most 84 days and an hour), the
 * capabilities that every Marmot leaf needs, and the account identity proof.
 *
 * @throws {KeyPackageError}
 */
export function validateKeyPackageBytes(
  message: Uint8Array,
  { crypto, now }: ValidationContext,
): ValidKeyPackage {
  return guarded("malformed", () => {
    const keyPackage = parseKeyPackage(crypto, message, { maxSpan: MARMOT_MAX_LIFETIME, now })
    const { leafNode, extensions } = keyPackage
    const identity = basicIdentity(leafNode.credential)
    if (identity === undefined || leafNode.source.kind !== "key_package") {
      return refuseKeyPackage("unsupported")
    }
    const { capabilities } = leafNode
    const dictionary = findExtension(leafNode.extensions, ExtensionType.appDataDictionary)
    const account = guarded(
      "bad-proof",
      () => verifyLeafIdentity({ identity, signatureKey: leafNode.signatureKey, dictionary }),
    )
    const outer = findExtension(extensions, ExtensionType.appDataDictionary)
    guarded("bad-proof", () => requireNoProof(outer))
    const components = leafComponents(dictionary)
    if (
      !capabilities.extensions.includes(ExtensionType.appDataDictionary) ||
      !capabilities.proposals.includes(ProposalType.appDataUpdate) ||
      !components.includes(ComponentId.adminPolicy)
    ) {
      refuseKeyPackage("unsupported")
    }
    const safeAad = dictionary && decodeDictionary(dictionary).get(ComponentId.safeAad)
    if (safeAad !== undefined) decodeSafeAad(safeAad)
    return {
      account,
      ref: encodeHex(keyPackageRef(crypto, keyPackage)),
      keyPackage,
      message,
      lastResort: isLastResort(outer) ||
        findExtension(extensions, DRAFT_LAST_RESORT) !== undefined,
      lifetime: leafNode.source.lifetime,
      capabilities,
      components,
    }
  })
}

/**
 * Validates a kind 30443 event and the KeyPackage in it: id and signature of the event, tags, the
 * KeyPackage itself, and that author, reference and lists of the event are those of the KeyPackage (lists
 * compared as sets, as other clients do).
 *
 * @param event whatever a relay sent
 * @throws {KeyPackageError}
 */
export function validateKeyPackageEvent(
  event: NostrEvent,
  context: ValidationContext,
): PublishedKeyPackage {
  return guarded("malformed", () => {
    const verified = verifyEvent(event)
    const said = readKeyPackageEvent(verified)
    const valid = validateKeyPackageBytes(said.message, context)
    if (valid.account !== verified.pubkey) refuseKeyPackage("wrong-author")
    requireSameTags(said, valid)
    return {
      ...valid,
      eventId: verified.id,
      slot: said.slot,
      createdAt: verified.created_at,
    }
  })
}

const requireSameTags = (said: KeyPackageAdvertisement, valid: ValidKeyPackage): void => {
  const is = advertise(valid.keyPackage, valid.components)
  if (
    said.ref !== valid.ref || !sameSet(said.extensions, is.extensions) ||
    !sameSet(said.proposals, is.proposals) || !sameSet(said.components, is.components)
  ) {
    refuseKeyPackage("tags-differ")
  }
}

const sameSet = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): boolean => {
  const left = new Set(a)
  const right = new Set(b)
  return left.size === right.size && [...left].every((item) => right.has(item))
}

const guarded = <A>(reason: KeyPackageErrorReason, body: () => A): A => {
  try {
    return body()
  } catch (error) {
    if (error instanceof KeyPackageError) throw error
    if (error instanceof MlsError) throw new KeyPackageError({ reason: ofMls(error.reason) })
    if (error instanceof EventError && error.reason === "bad-signature") {
      throw new KeyPackageError({ reason: "bad-signature" })
    }
    throw new KeyPackageError({ reason })
  }
}

const ofMls = (reason: MlsError["reason"]): KeyPackageErrorReason => {
  switch (reason) {
    case "invalid-lifetime":
      return "bad-lifetime"
    case "bad-signature":
      return "bad-signature"
    case "unsupported":
      return "unsupported"
    default:
      return "malformed"
  }
}
