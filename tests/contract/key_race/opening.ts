/**
 * Opens a database once, as an application does, and can be told to kill its process at a step of it.
 *
 * @module
 */
import {
  KeyStore,
  type KeyStoreService,
  Storage,
  type StorageError,
  systemEntropy,
} from "@mdk/core/services"
import { NativeKeyring } from "@mdk/keyring-adapters"
import { type ExistingKeyPolicy, layer as sqlCipher } from "@mdk/storage-sqlcipher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import process from "node:process"
import { holdPassphrase } from "../../../packages/keyring-adapters/src/passphrase/held_passphrase.ts"
import { fromCallback } from "../../../packages/keyring-adapters/src/passphrase/source.ts"
import { openFolder } from "../../../packages/keyring-adapters/src/wrapped_file/folder_vault.ts"
import { makeOver } from "../../../packages/keyring-adapters/src/wrapped_file/wrapped_file_store.ts"

/** Where a creator kills itself. */
export type KillStep =
  | "before-get"
  | "after-get"
  | "before-create"
  | "after-create"
  | "opened"
  | "row-written"

/** What to do. */
export interface OpenOrder {
  readonly path: string
  readonly serviceId: string
  readonly keyId: string
  readonly policy: ExistingKeyPolicy
  /** The key of the row that is written. */
  readonly row: string
  readonly kill?: KillStep
}

/** What became of it: a digest of the key and the number of rows, or the reason of a failure. */
export type OpenAnswer =
  | { readonly key: string; readonly rows: number }
  | { readonly reason: string }

const COLLECTION = { name: "openers", kind: "keyed", columns: {}, indexes: {} } as const

const dieIf = (order: OpenOrder, step: KillStep) =>
  Effect.sync(() => {
    if (order.kill === step) process.kill(process.pid, "SIGKILL")
  })

/** The store with a step before and after each call. */
const stepping = (store: KeyStoreService, order: OpenOrder): KeyStoreService => ({
  ...store,
  get: (name) =>
    dieIf(order, "before-get").pipe(
      Effect.andThen(store.get(name)),
      Effect.tap(() => dieIf(order, "after-get")),
    ),
  createIfAbsent: (name, key) =>
    dieIf(order, "before-create").pipe(
      Effect.andThen(store.createIfAbsent(name, key)),
      Effect.tap(() => dieIf(order, "after-create")),
    ),
})

/** A store that all processes share: the platform's, or wrapped files with quick parameters. */
export const openStore = (kind: string, folder: string): Promise<KeyStoreService> =>
  Effect.runPromise(
    kind === "native" ? NativeKeyring.make() : Effect.gen(function* () {
      yield* openFolder(folder)
      const held = yield* holdPassphrase(fromCallback(() => Promise.resolve("correct horse")))
      const parameters = { memoryKiB: 32, passes: 1, lanes: 1 }
      return makeOver({ folder, parameters, entropy: systemEntropy }, held)
    }).pipe(Scope.provide(Scope.makeUnsafe())),
  )

const digestOf = (key: Redacted.Redacted<Uint8Array>) =>
  createHash("sha256").update(Redacted.value(key)).digest("hex")

const useOnce = (store: KeyStoreService, order: OpenOrder) =>
  Effect.gen(function* () {
    const storage = yield* Storage
    yield* dieIf(order, "opened")
    yield* storage.declare([COLLECTION])
    yield* storage.commit({
      id: createHash("sha256").update(order.row).digest("hex").slice(0, 32),
      verbs: [{ verb: "put", collection: "openers", key: order.row, value: new Uint8Array(1) }],
    })
    yield* dieIf(order, "row-written")
    const rows = yield* storage.count("openers", { index: "key" }, 1000)
    const key = yield* Effect.orDie(store.get(order))
    return { key: digestOf(Option.getOrThrow(key)), rows }
  }).pipe(Effect.provide(
    sqlCipher({ ...order, onExistingKey: order.policy }).pipe(
      Layer.provide(Layer.succeed(KeyStore, stepping(store, order))),
    ),
  ))

/** Opens, waiting for others to close; any other failure is the answer. */
export const answer = async (store: KeyStoreService, order: OpenOrder): Promise<OpenAnswer> => {
  const deadline = performance.now() + 60_000
  for (;;) {
    const result: Result.Result<{ key: string; rows: number }, StorageError> = await Effect
      .runPromise(Effect.result(useOnce(store, order)))
    if (Result.isSuccess(result)) return result.success
    const { reason } = result.failure
    if (reason !== "account-in-use" || performance.now() > deadline) return { reason }
    await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 20))
  }
}
