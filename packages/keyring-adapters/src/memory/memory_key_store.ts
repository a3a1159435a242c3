/**
 * Keys in the memory of this process: for tests and for programs that keep nothing.
 *
 * A {@link MemoryKeyStore} is a credential store whose behaviour the test decides: it can be closed
 * and opened, hold broken entries, lose writes, hang and fail at any step.
 *
 * @module
 */
import { type KeyName, KeyStore, type KeyStoreService } from "@mdk/core/services"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { makeEntryStore } from "../entry/entry_store.ts"
import { makeFaultPlan, type MemoryFault } from "./faults.ts"
import { makeMemoryPort, type MemoryEntries } from "./memory_port.ts"

/** How a {@link MemoryKeyStore} behaves. */
export interface MemoryOptions {
  /**
   * `certain` (default): null means absent. `may-be-closed`: as keytar and Bun, null may also mean
   * that the store is closed, and the service finds out by writing.
   */
  readonly absence?: "certain" | "may-be-closed"
  /** Time limit of every call; default 60 seconds. */
  readonly timeLimit?: Duration.Input
}

/** A store in memory and the switches by which a test breaks it. */
export interface MemoryKeyStore {
  /** The service over the store; several layers may share it, as processes share a real one. */
  readonly service: KeyStoreService
  /** Closes the store: reads of existing entries fail with `locked`, or answer null. */
  readonly close: (answer: "fails" | "answers-null") => void
  /** Opens it again. */
  readonly open: () => void
  /** Plans a fault. */
  readonly inject: (fault: MemoryFault) => void
  /** Forgets all planned faults. */
  readonly clearFaults: () => void
  /** Puts raw bytes where an entry belongs, whatever they are. */
  readonly plant: (name: KeyName, entry: Uint8Array) => void
  /** A copy of the raw bytes of an entry, undefined when there is none. */
  readonly peek: (name: KeyName) => Uint8Array | undefined
  /** Zeroes and forgets all entries. */
  readonly clear: () => void
}

let stores = 0

/** Makes an empty store. */
export const make = (options: MemoryOptions = {}): MemoryKeyStore => {
  const entries: MemoryEntries = { byService: new Map(), closed: undefined }
  const plan = makeFaultPlan()
  const port = makeMemoryPort(entries, plan, options.absence ?? "certain", String(stores++))
  return {
    service: makeEntryStore(port, options.timeLimit),
    close: (answer) => {
      entries.closed = answer
    },
    open: () => {
      entries.closed = undefined
    },
    inject: plan.add,
    clearFaults: plan.clear,
    plant: (name, entry) => {
      const service = entries.byService.get(name.serviceId) ?? new Map<string, Uint8Array>()
      entries.byService.set(name.serviceId, service.set(name.keyId, entry.slice()))
    },
    peek: (name) => entries.byService.get(name.serviceId)?.get(name.keyId)?.slice(),
    clear: () => {
      for (const service of entries.byService.values()) {
        for (const entry of service.values()) entry.fill(0)
      }
      entries.byService.clear()
    },
  }
}

/** Provides a store that a test holds and outlives the layer. */
export const layerOf = (store: MemoryKeyStore): Layer.Layer<KeyStore> =>
  Layer.succeed(KeyStore, store.service)

/** Provides an empty store whose keys are zeroed when the layer is closed. */
export const layer: Layer.Layer<KeyStore> = Layer.effect(
  KeyStore,
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => make()),
      (store) => Effect.sync(store.clear),
    ),
    (store) => store.service,
  ),
)
