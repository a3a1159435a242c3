/**
 * An account over memory layers: nothing is written, no socket is opened.
 *
 * @module
 */
import { Mdk, type MdkOptions, type OpenError, type ServiceError } from "@mdk/core"
import { type KeyFormatError, LocalSigner } from "@mdk/core/identity"
import type { StorageError } from "@mdk/core/services"
import * as MemoryStorage from "@mdk/storage-memory"
import { type MemoryRelays, MemoryTransport } from "@mdk/testing"
import * as Layer from "effect/Layer"

/** The one relay of these accounts. */
export const RELAY = "ws://relay.test"

/** Composes an account; `disk` keeps what it stores beyond the layer. */
export const memoryAccount = (
  network: MemoryRelays,
  secretKey: string,
  disk: MemoryStorage.MemoryDisk,
  options: MdkOptions = {},
): Layer.Layer<Mdk, OpenError | ServiceError | StorageError | KeyFormatError> =>
  Mdk.layer(options).pipe(
    Layer.provide(MemoryStorage.layerOn(disk)),
    Layer.provide(LocalSigner.fromSecretKey(secretKey)),
    Layer.provide(MemoryTransport.layer({ network, relays: [RELAY] })),
  )
