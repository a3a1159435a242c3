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
  const device = yield* authorizeDevice(support, newKeyPackageSlot(support.entropy))
  yield* writeDevice(device, (row) =>
    support.write([
      { verb: "expect", collection: ACCOUNT.name, key: SELF_KEY, is: "absent" },
      {
        verb: "put",
        collection: ACCOUNT.name,
        key: SELF_KEY,
        value: encodeRecord({ account: device.account, slot: device.slot } satisfies SelfRecord),
      },
      row,
    ]))
  return device
})

/**
 * A device with a fresh signature key in the slot of another one, which it replaces when
 * {@link writeDevice} has stored it. Asks the signer for a proof; stores nothing.
 */
export const successorOf = (
  support: Pick<DeviceSupport, "signer" | "entropy" | "crypto">,
  { slot }: Device,
): Effect.Effect<Device, ServiceError> => authorizeDevice(support, slot)

const authorizeDevice = Effect.fnUntraced(function* (
  { signer, entropy, crypto }: Pick<DeviceSupport, "signer" | "entropy" | "crypto">,
  slot: string,
): Effect.fn.Return<Device, ServiceError> {
  const now = yield* Clock.currentTimeMillis
  const seed = Secret.take(entropy.bytes(SEED_BYTES))
  const { account, proof } = yield* authorizeLeaf(
    signer,
    { signatureKey: crypto.ed25519PublicKey(seed.bytes) },
    Math.trunc(now / 1000),
  ).pipe(
    Effect.mapError(toServiceError),
    Effect.onError(() => Effect.sync(() => seed.wipe())),
  )
  return { account: account as PublicKey, slot, seed, proof }
})

/** Has the row that holds a device written; the bytes of the verb are zeroed afterwards. */
export const writeDevice = <A, E>(
  { seed, proof }: Device,
  write: (row: Verb) => Effect.Effect<A, E>,
): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    const value = new Uint8Array(SEED_BYTES + PROOF_BYTES)
    value.set(seed.bytes)
    value.set(proof, SEED_BYTES)
    return write({ verb: "put", collection: ACCOUNT.name, key: DEVICE_KEY, value }).pipe(
      Effect.ensuring(Effect.sync(() => value.fill(0))),
    )
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
