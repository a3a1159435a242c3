/**
 * Opens and writes the wrapped keys of one folder under one passphrase.
 *
 * @module
 */
import type { EntropyService, KeyName, KeyStoreError } from "@mdk/core/services"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { failure, type KeyStoreOperation } from "../entry/failure.ts"
import { type Argon2Parameters, raise } from "./argon2_parameters.ts"
import { diagnose } from "./diagnosis.ts"
import { decodeFile, type WrappedFile } from "./file_format.ts"
import {
  currentFiles,
  type KeyFile,
  prepareFolder,
  readCurrent,
  readKeyFile,
  removeKey,
  stemOf,
  sweepOlder,
  sweepTemporary,
  writeGeneration,
} from "./key_folder.ts"
import { openKey, sealKey } from "./seal.ts"

/** A key that was found, with the file that it came from. */
export interface FoundKey {
  /** Its file. */
  readonly file: KeyFile
  /** What the file says. */
  readonly wrapped: WrappedFile
}

/** Where and how keys are kept. */
export interface VaultSettings {
  /** The folder. */
  readonly folder: string
  /** For new files; stronger ones of an existing file are kept. */
  readonly parameters: Argon2Parameters
  /** The random source. */
  readonly entropy: EntropyService
}

/**
 * Runs file system calls and turns their errors into `KeyStoreError`. They are short and are not given
 * up half way: only asking for the passphrase takes as long as a person does.
 */
export const attempt = <A>(
  operation: KeyStoreOperation,
  run: () => Promise<A>,
): Effect.Effect<A, KeyStoreError> =>
  Effect.uninterruptible(
    Effect.tryPromise({ try: run, catch: (cause) => failure(operation, diagnose(cause), cause) }),
  )

/** Creates or checks the folder and removes what killed processes left. */
export const openFolder = (folder: string): Effect.Effect<void, KeyStoreError> =>
  Effect.gen(function* () {
    yield* attempt("open", () => prepareFolder(folder))
    const now = yield* Clock.currentTimeMillis
    yield* attempt("open", () => sweepTemporary(folder, now))
    yield* attempt("open", () => sweepOlder(folder))
  })

const parse = (
  operation: KeyStoreOperation,
  bytes: Uint8Array,
): Effect.Effect<WrappedFile, KeyStoreError> =>
  Effect.flatMap(Effect.promise(() => decodeFile(bytes)), (parsed) => {
    switch (parsed) {
      case "damaged":
        return Effect.fail(failure(operation, "corrupt"))
      case "newer":
        return Effect.fail(failure(operation, {
          reason: "corrupt",
          advice: "The key file was written by a newer version. Update this program.",
        }))
      case "unreasonable-parameters":
        return Effect.fail(failure(operation, {
          reason: "corrupt",
          advice: "The key file asks for more work than any of ours does. It was not opened.",
        }))
      default:
        return Effect.succeed(parsed)
    }
  })

/** The parsed files of all keys in the folder. */
export const allKeys = (
  folder: string,
  operation: KeyStoreOperation,
): Effect.Effect<ReadonlyArray<FoundKey>, KeyStoreError> =>
  Effect.gen(function* () {
    const found: Array<FoundKey> = []
    for (const file of yield* attempt(operation, () => currentFiles(folder))) {
      const bytes = yield* attempt(operation, () => readKeyFile(folder, file))
      if (bytes !== undefined) found.push({ file, wrapped: yield* parse(operation, bytes) })
    }
    return found
  })

/** The parsed file of one key, undefined when there is none. */
export const findKey: (
  folder: string,
  name: KeyName,
  operation: KeyStoreOperation,
) => Effect.Effect<FoundKey | undefined, KeyStoreError> = Effect.fnUntraced(
  function* (folder, name, operation) {
    const current = yield* attempt(operation, async () => readCurrent(folder, await stemOf(name)))
    if (current === undefined) return undefined
    const wrapped = yield* parse(operation, current.bytes)
    const isNamed = wrapped.name.serviceId === name.serviceId && wrapped.name.keyId === name.keyId
    if (!isNamed) return yield* failure(operation, "corrupt")
    return { file: current.file, wrapped }
  },
)

/** Opens a file with these bytes of a passphrase; undefined when they are not the right ones. */
export const tryOpen = (
  operation: KeyStoreOperation,
  wrapped: WrappedFile,
  passphrase: Redacted.Redacted<Uint8Array>,
): Effect.Effect<Uint8Array | undefined, KeyStoreError> =>
  attempt(operation, () => openKey(wrapped, Redacted.value(passphrase)))

/** Opens a file or fails with `wrong-passphrase`. */
export const openFound: (
  operation: KeyStoreOperation,
  wrapped: WrappedFile,
  passphrase: Redacted.Redacted<Uint8Array>,
) => Effect.Effect<Uint8Array, KeyStoreError> = Effect.fnUntraced(function* (
  operation,
  wrapped,
  passphrase,
) {
  const key = yield* tryOpen(operation, wrapped, passphrase)
  return key ?? (yield* failure(operation, "wrong-passphrase"))
})

/**
 * Seals a key under a passphrase and writes its next generation; false when another process wrote
 * one since `previous` was read.
 */
export const writeKey = (
  settings: VaultSettings,
  operation: KeyStoreOperation,
  name: KeyName,
  previous: FoundKey | undefined,
  key: Uint8Array,
  passphrase: Redacted.Redacted<Uint8Array>,
): Effect.Effect<boolean, KeyStoreError> =>
  attempt(operation, async () => {
    const { folder, entropy } = settings
    const parameters = previous === undefined
      ? settings.parameters
      : raise(previous.wrapped.parameters, settings.parameters)
    const file = await sealKey(name, key, Redacted.value(passphrase), parameters, entropy)
    return await writeGeneration(
      folder,
      await stemOf(name),
      previous?.file,
      file,
      entropy.bytes(8),
    )
  })

/** Deletes a key; false when there was none. */
export const deleteKey = (
  folder: string,
  name: KeyName,
): Effect.Effect<boolean, KeyStoreError> =>
  attempt("delete", async () => removeKey(folder, await stemOf(name)))
