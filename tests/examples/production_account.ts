/**
 * An account over production layers: an encrypted database, its key in a wrapped file, a WebSocket
 * relay, a secret key in this process.
 *
 * @module
 */
import { Mdk, type MdkOptions, type OpenError, type ServiceError } from "@mdk/core"
import { type KeyFormatError, LocalSigner } from "@mdk/core/identity"
import type { KeyStoreError, StorageError } from "@mdk/core/services"
import { Passphrase, WrappedFile } from "@mdk/keyring-adapters"
import { NostrTransport } from "@mdk/nostr-transport"
import * as SqlCipherStorage from "@mdk/storage-sqlcipher"
import * as Layer from "effect/Layer"
import { join } from "node:path"

/** What such an account needs to know; plain data, so that it can be handed to another process. */
export interface ProductionAccount {
  /** A folder of its own. */
  readonly folder: string
  /** The relay's address. */
  readonly relay: string
  /** The secret key, hex. */
  readonly secretKey: string
}

/** Composes the account. */
export const productionAccount = (
  account: ProductionAccount,
  options: MdkOptions = {},
): Layer.Layer<Mdk, OpenError | ServiceError | StorageError | KeyStoreError | KeyFormatError> =>
  Mdk.layer(options).pipe(
    Layer.provide(
      SqlCipherStorage.layer({
        path: join(account.folder, "mdk.db"),
        serviceId: "com.example.test",
        keyId: "mdk.db.key.default",
      }).pipe(
        Layer.provide(WrappedFile.layer({
          directory: join(account.folder, "keys"),
          passphrase: Passphrase.fromCallback(() => Promise.resolve("correct horse")),
          argon2: { memoryKiB: 19_456, passes: 2, lanes: 1 },
        })),
      ),
    ),
    Layer.provide(LocalSigner.fromSecretKey(account.secretKey)),
    Layer.provide(NostrTransport.layer({ relays: [account.relay], allowPrivate: true })),
  )
