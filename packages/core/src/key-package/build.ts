/**
 * KeyPackages of one's own: what goes into them, and the event that publishes them.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { encodeHex } from "../codec/mod.ts"
import { encodeDictionary, lastResortDictionary, supportedComponents } from "../components/mod.ts"
import type { CryptoProvider } from "../crypto/mod.ts"
import { authorizeLeaf, type PublicKey, publicKeyToBytes } from "../identity/mod.ts"
import {
  ExtensionType,
  generateKeyPackage,
  isGrease,
  type KeyPackage,
  type Lifetime,
  MARMOT_MAX_LIFETIME,
  type OwnKeyPackage,
} from "../mls/mod.ts"
import { type KeyPackageAdvertisement, keyPackageTemplate } from "../nostr/mod.ts"
import type { EntropyService, EventTemplate, SignerError, SignerService } from "../services/mod.ts"
import { leafCapabilities, leafExtensions } from "./leaf_profile.ts"

const CLOCK_SKEW_SECONDS = 3600n

/**
 * How long a KeyPackage that is made now is valid: from an hour ago (clocks differ), for as long as
 * Marmot allows.
 *
 * @param now Unix seconds
 */
export function keyPackageLifetime(now: bigint): Lifetime {
  const notBefore = now > CLOCK_SKEW_SECONDS ? now - CLOCK_SKEW_SECONDS : 0n
  return { notBefore, notAfter: notBefore + MARMOT_MAX_LIFETIME }
}

/** What {@link buildKeyPackage} needs. */
export interface BuildKeyPackageInput {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** Source of the init and leaf keys. */
  readonly entropy: EntropyService
  /** The account. */
  readonly account: PublicKey
  /** Ed25519 seed of the leaf's signature key, 32 bytes, copied. */
  readonly signatureSeed: Uint8Array
  /** The account's proof for that key: the 104 bytes of component 0x8009. */
  readonly proof: Uint8Array
  /** Unix seconds. */
  readonly now: bigint
  /**
   * Whether it may be used more than once, until it is replaced. Default true, as MDK: somebody who is
   * offline stays reachable.
   */
  readonly lastResort?: boolean
}

/** Makes a KeyPackage for a leaf key that the account has already authorized. */
export function buildKeyPackage(input: BuildKeyPackageInput): OwnKeyPackage {
  const { crypto, entropy, account, signatureSeed, proof, now, lastResort = true } = input
  return generateKeyPackage({
    crypto,
    entropy,
    identity: publicKeyToBytes(account),
    signatureSeed,
    capabilities: leafCapabilities,
    leafExtensions: leafExtensions(proof),
    keyPackageExtensions: lastResort
      ? [{
        type: ExtensionType.appDataDictionary,
        data: encodeDictionary(lastResortDictionary),
      }]
      : [],
    lifetime: keyPackageLifetime(now),
  })
}

/** What {@link createKeyPackage} needs. */
export interface CreateKeyPackageInput {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** Source of all keys. */
  readonly entropy: EntropyService
  /** The account's signer: one signature. */
  readonly signer: SignerService
  /** Unix seconds. */
  readonly now: bigint
  /** See {@link BuildKeyPackageInput.lastResort}. */
  readonly lastResort?: boolean
}

/**
 * Makes a leaf key, has the account authorize it, and makes a KeyPackage with it. Also the first leaf of a
 * group that is founded.
 *
 * @returns the KeyPackage with its private keys, owned by the caller
 */
export function createKeyPackage(
  input: CreateKeyPackageInput,
): Effect.Effect<OwnKeyPackage, SignerError> {
  const { crypto, entropy, signer, now, lastResort } = input
  return Effect.acquireUseRelease(
    Effect.sync(() => entropy.bytes(32)),
    (seed) =>
      Effect.map(
        authorizeLeaf(signer, { signatureKey: crypto.ed25519PublicKey(seed) }, Number(now)),
        ({ account, proof }) =>
          buildKeyPackage({
            crypto,
            entropy,
            account,
            signatureSeed: seed,
            proof,
            now,
            ...(lastResort === undefined ? {} : { lastResort }),
          }),
      ),
    (seed) => Effect.sync(() => seed.fill(0)),
  )
}

/** What the tags of a KeyPackage event must say. */
export function advertise(
  keyPackage: KeyPackage,
  components: ReadonlyArray<number>,
): Pick<KeyPackageAdvertisement, "extensions" | "proposals" | "components"> {
  const { extensions, proposals } = keyPackage.leafNode.capabilities
  return {
    extensions: extensions.filter((type) => !isGrease(type)),
    proposals: proposals.filter((type) => !isGrease(type)),
    components: components.filter((id) => id >= 0x8000),
  }
}

/**
 * The template of the event that publishes one's own KeyPackage, to be signed by the account.
 *
 * @param slot 64 lower-case hex, the same for every replacement
 * @param createdAt Unix seconds, now or later: relays keep what has the latest time in the slot
 */
export function ownKeyPackageTemplate(
  own: Pick<OwnKeyPackage, "keyPackage" | "message" | "ref">,
  slot: string,
  createdAt: number,
): EventTemplate {
  return keyPackageTemplate({
    slot,
    message: own.message,
    ref: encodeHex(own.ref),
    ...advertise(own.keyPackage, supportedComponents),
  }, createdAt)
}
