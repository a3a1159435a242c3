/**
 * Composes an account out of its layers: the encrypted database, its key store, the relays and a
 * signer whose key lies in the database.
 *
 * @module
 */
import { Mdk, type MdkOptions } from "@mdk/core"
import { LocalSigner } from "@mdk/core/identity"
import {
  type KeyStore,
  type KeyStoreError,
  Signer,
  Storage,
  type StorageError,
  systemEntropy,
  type Transport,
} from "@mdk/core/services"
import { NativeKeyring, type Passphrase, WrappedFile } from "@mdk/keyring-adapters"
import { NostrTransport } from "@mdk/nostr-transport"
import * as SqlCipherStorage from "@mdk/storage-sqlcipher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type AccountRecord, enrolAccount, readAccount } from "./account_record.ts"
import type { CliError } from "./cli_error.ts"
import type { Home, KeyStoreKind } from "./home.ts"
import { anyPrivate } from "./relay_reach.ts"

/** What names the database key in a key store. */
export interface DatabaseKeyName {
  /** The application. */
  readonly serviceId: string
  /** The key. */
  readonly keyId: string
}

/** How an account is composed. */
export interface Composition {
  /** Where it lies. */
  readonly home: Home
  /** Where its database key lives. */
  readonly keyStore: KeyStoreKind
  /** Names the database key. */
  readonly keyName: DatabaseKeyName
  /** Opens wrapped keys; not asked for with another key store. */
  readonly passphrase: Passphrase.PassphraseSource
  /** The passphrase is 128 random bits, so that stretching it would only cost time. */
  readonly randomPassphrase?: boolean
  /** In place of the account's own relays, for this time only. */
  readonly relays?: ReadonlyArray<string>
  /** Stored first when the account is new. */
  readonly enrol?: AccountRecord
  /** Join whatever one is invited to. */
  readonly acceptAll?: boolean
  /** No sockets. */
  readonly offline?: boolean
  /**
   * A restored or copied database is opened when this has succeeded, with its groups closed. Without
   * it, such a database is refused.
   */
  readonly closeRestored?: Effect.Effect<void, CliError>
}

/** What opening an account can fail with. */
export type OpenFailure =
  | CliError
  | StorageError
  | KeyStoreError
  | Layer.Error<ReturnType<typeof Mdk.layer>>

/** The least that the key store accepts. */
const LIGHT_WORK = { memoryKiB: 19_456, passes: 2, lanes: 1 }

/** The key store that was chosen; never another one. */
export const keyStoreLayer = (
  composition: Pick<Composition, "home" | "keyStore" | "passphrase" | "randomPassphrase">,
): Layer.Layer<KeyStore, KeyStoreError> => {
  switch (composition.keyStore) {
    case "native":
      return NativeKeyring.layer
    case "wrapped-file":
      return WrappedFile.layer({
        directory: composition.home.keys,
        passphrase: composition.passphrase,
        // A person may be looking for it.
        timeLimit: "10 minutes",
        ...(composition.randomPassphrase === true ? { argon2: LIGHT_WORK } : {}),
      })
  }
}

/** The encrypted database alone. */
export const storageLayer = (
  composition: Composition,
): Layer.Layer<Storage, StorageError | KeyStoreError> =>
  SqlCipherStorage.layer({ path: composition.home.database, ...composition.keyName }).pipe(
    Layer.provide(keyStoreLayer(composition)),
  )

/** A signer whose key is read from the database and zeroed with the scope. */
const signerLayer = (
  enrol: AccountRecord | undefined,
): Layer.Layer<Signer, CliError | StorageError, Storage> =>
  Layer.effect(
    Signer,
    Effect.gen(function* () {
      if (enrol !== undefined) yield* enrolAccount(enrol)
      const account = yield* readAccount
      yield* Effect.addFinalizer(() => Effect.sync(() => account.secretKey.wipe()))
      return LocalSigner.make(account.secretKey, systemEntropy)
    }),
  )

/** The account's relays, or those that were named for this time. */
const transportLayer = (
  relays: ReadonlyArray<string> | undefined,
): Layer.Layer<Transport, CliError | StorageError, Storage | Signer> =>
  Layer.unwrap(
    Effect.gen(function* () {
      yield* Signer // enrolment comes first
      if (relays !== undefined) {
        return NostrTransport.layer({ relays, allowPrivate: anyPrivate(relays) })
      }
      const account = yield* readAccount
      account.secretKey.wipe()
      return NostrTransport.layer({
        relays: account.relays,
        allowPrivate: anyPrivate(account.relays),
      })
    }),
  )

/** The whole account; `Storage` stays visible for the program's own collection. */
export const accountLayer = (
  composition: Composition,
): Layer.Layer<Mdk | Storage, OpenFailure> => {
  const storage = storageLayer(composition)
  const signer = signerLayer(composition.enrol).pipe(Layer.provide(storage))
  const transport = transportLayer(composition.relays).pipe(
    Layer.provide(Layer.merge(storage, signer)),
  )
  const { closeRestored } = composition
  const options: MdkOptions = {
    invites: composition.acceptAll === true ? "all" : "ask",
    offline: composition.offline === true,
    restored: closeRestored === undefined ? "refuse" : "close-groups",
  }
  const account = Layer.unwrap(Effect.gen(function* () {
    const { condition } = yield* Storage
    if (condition.restored && closeRestored !== undefined) yield* closeRestored
    return Mdk.layer(options)
  }))
  return account.pipe(
    Layer.provide(Layer.merge(signer, transport)),
    Layer.provideMerge(storage),
  )
}
