/**
 * What makes this installation a device of its account: the leaf signature key that the account
 * authorized once, and the slot of its KeyPackages.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { OpenError, type ServiceError } from "../api/errors.ts"
import type { PublicKey } from "../api/ids.ts"
import { ACCOUNT, decodeRecord, encodeRecord } from "../group/mod.ts"
import { authorizeLeaf } from "../identity/mod.ts"
import { buildKeyPackage } from "../key-package/mod.ts"
import type { CryptoProvider } from "../crypto/mod.ts"
import { Secret } from "../crypto/mod.ts"
import type { OwnKeyPackage } from "../mls/mod.ts"
import { newKeyPackageSlot } from "../nostr/mod.ts"
import type { EntropyService } from "../services/entropy.ts"
import type { SignerService } from "../services/signer.ts"
import type { StorageService } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import { toServiceError } from "./failure.ts"

const SELF_KEY = "self"
const DEVICE_KEY = "device"
const SEED_BYTES = 32
const PROOF_BYTES = 104

/** This installation. */
export interface Device {
  /** The account. */
  readonly account: PublicKey
  /** Slot of its KeyPackages, 64 hex. */
  readonly slot: string
  /** Ed25519 seed of its leaves. */
  readonly seed: Secret
  /** The account's proof for that key. */
  readonly proof: Uint8Array
}

interface SelfRecord {
  readonly account: string
  readonly slot: string
}

/** What opening a device needs. */
export interface DeviceSupport {
  /** Rows, with the collections declared. */
  readonly storage: StorageService
  /** The account's key. */
  readonly signer: SignerService
  /** Randomness. */
  readonly entropy: EntropyService
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** Writes a batch. */
  readonly write: (verbs: ReadonlyArray<Verb>) => Effect.Effect<unknown, ServiceError>
}

/**
 * Opens the device in a database, or makes one in an empty database: the only time that the signer is
 * asked for a proof. Fails with `signer-mismatch` when the database belongs to another account.
 */
export const openDevice: (
  support: DeviceSupport,
) => Effect.Effect<Device, OpenError | ServiceError> = Effect.fn("Mdk.device")(
  function* (support) {
    const { storage, signer } = support
    const account = (yield* Effect.mapError(signer.publicKey, toServiceError)) as PublicKey
    const self = yield* Effect.mapError(storage.get(ACCOUNT.name, SELF_KEY), toServiceError)
    const row = yield* Effect.mapError(storage.get(ACCOUNT.name, DEVICE_KEY), toServiceError)
    if (Option.isNone(self) || Option.isNone(row)) return yield* makeDevice(support)
    const record = decodeRecord<SelfRecord>(self.value.value)
    if (record.account !== account) return yield* new OpenError({ reason: "signer-mismatch" })
    const bytes = row.value.value
    if (bytes.length !== SEED_BYTES + PROOF_BYTES) {
      return yield* new OpenError({ reason: "damaged" })
    }
    const seed = Secret.copyOf(bytes.subarray(0, SEED_BYTES))
    bytes.fill(0, 0, SEED_BYTES)
    return { account, slot: record.slot, seed, proof: bytes.slice(SEED_BYTES) }
  },
)

const makeDevice = Effect.fnUntraced(function* (support: DeviceSupport) {
  const { signer, entropy, crypto } = support
  const now = yield* Clock.currentTimeMillis
  const seed = Secret.take(entropy.bytes(SEED_BYTES))
  const { account, proof } = yield* authorizeLeaf(
    signer,
    { signatureKey: crypto.ed25519PublicKey(seed.bytes) },
    Math.trunc(now / 1000),
  ).pipe(Effect.mapError(toServiceError))
  const slot = newKeyPackageSlot(entropy)
  const bytes = new Uint8Array(SEED_BYTES + PROOF_BYTES)
  bytes.set(seed.bytes)
  bytes.set(proof, SEED_BYTES)
  yield* support.write([
    { verb: "expect", collection: ACCOUNT.name, key: SELF_KEY, is: "absent" },
    {
      verb: "put",
      collection: ACCOUNT.name,
      key: SELF_KEY,
      value: encodeRecord({ account, slot } satisfies SelfRecord),
    },
    { verb: "put", collection: ACCOUNT.name, key: DEVICE_KEY, value: bytes },
  ])
  bytes.fill(0)
  return { account: account as PublicKey, slot, seed, proof }
})

/** A fresh KeyPackage of this device, owned by the caller; also the leaf of a founder. */
export function freshKeyPackage(
  device: Device,
  { crypto, entropy }: Pick<DeviceSupport, "crypto" | "entropy">,
  now: number,
): OwnKeyPackage {
  return buildKeyPackage({
    crypto,
    entropy,
    account: device.account,
    signatureSeed: device.seed.bytes,
    proof: device.proof,
    now: BigInt(Math.trunc(now / 1000)),
  })
}
