/**
 * keytar's entries in the platform's store, through a module that the caller brings along: keytar
 * 7.9.0 or `@github/keytar` 7.10, which has the same calls and needs no compiler.
 *
 * Its entries are not those of the Rust MDK on Linux and Windows; `migrate` moves them. keytar answers
 * null while the store is closed, so this adapter writes a short-lived probe entry before it believes
 * that a key is missing.
 *
 * @module
 */
import { KeyStore, type KeyStoreService } from "@mdk/core/services"
import type * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import { makeEntryStore } from "../entry/entry_store.ts"
import { makeTextPort } from "../entry/text_port.ts"

/** What is used of keytar. */
export interface KeytarModule {
  /** The password, null when there is none or the store is closed. */
  readonly getPassword: (service: string, account: string) => Promise<string | null>
  /** Stores or replaces a password. */
  readonly setPassword: (service: string, account: string, password: string) => Promise<void>
  /** False when there was none or the store is closed. */
  readonly deletePassword: (service: string, account: string) => Promise<boolean>
  /** All entries of a service. */
  readonly findCredentials: (
    service: string,
  ) => Promise<ReadonlyArray<{ readonly account: string }>>
}

/** The module and settings. */
export interface KeytarOptions {
  /** The loaded module. A module that is loaded by `import()` has it under `default`. */
  readonly keytar: KeytarModule
  /** Time limit of every call; default 60 seconds. */
  readonly timeLimit?: Duration.Input
}

/** Makes the service. Nothing is called yet. */
export const make = ({ keytar, timeLimit }: KeytarOptions): KeyStoreService =>
  makeEntryStore(
    makeTextPort({
      read: ({ serviceId, keyId }) => keytar.getPassword(serviceId, keyId),
      write: ({ serviceId, keyId }, text) => keytar.setPassword(serviceId, keyId, text),
      remove: ({ serviceId, keyId }) => keytar.deletePassword(serviceId, keyId),
      list: async (serviceId) =>
        (await keytar.findCredentials(serviceId)).map(({ account }) => account),
    }, "keytar"),
    timeLimit,
  )

/** Provides keytar's entries. */
export const layer = (options: KeytarOptions): Layer.Layer<KeyStore> =>
  Layer.succeed(KeyStore, make(options))
