/**
 * Keys that the system hands to a service as files: systemd credentials, Docker and Kubernetes
 * secrets.
 *
 * A key is the file named like its key id; the service id plays no part, because the folder belongs to
 * one service. The file holds an entry, with or without a line ending, or 32 raw bytes. Nothing is ever
 * written.
 *
 * @module
 */
import {
  type KeyName,
  KeyStore,
  type KeyStoreError,
  type KeyStoreService,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import process from "node:process"
import { decodeEntry, ENTRY_LENGTH } from "../entry/entry_format.ts"
import { type Diagnosis, failure, type KeyStoreOperation } from "../entry/failure.ts"
import { checkName, checkServiceId } from "../entry/key_name.ts"
import { keyToStore, redact } from "../entry/stored_key.ts"
import { type FolderRules, readCredential, UnsafeCredential } from "./credential_read.ts"

/** Where the files are. */
export interface CredentialFileOptions {
  /**
   * The folder of Docker's or Kubernetes' secrets, e.g. `/run/secrets`. Its files may be readable by
   * others and may be links that end inside it, as those systems make them; files that others can
   * write are refused.
   *
   * Left out: systemd's `$CREDENTIALS_DIRECTORY`, by strict rules: no links, owned by this user or by
   * root, closed to all others.
   */
  readonly mountedDirectory?: string
}

const UNSAFE: Diagnosis = {
  reason: "unavailable",
  advice: "The credential's file or folder is open to others, a link, or belongs to somebody else.",
}
const NO_FOLDER: Diagnosis = {
  reason: "unavailable",
  advice: "CREDENTIALS_DIRECTORY is not set: add LoadCredentialEncrypted= to the systemd unit.",
}
const NO_LIST: Diagnosis = {
  reason: "unavailable",
  advice: "Credential files are not listed: the folder may hold other secrets.",
}
const FILE_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/

const diagnose = (cause: unknown): Diagnosis => {
  if (cause instanceof UnsafeCredential) return UNSAFE
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  return code === "EACCES" || code === "EPERM"
    ? { reason: "denied", advice: "This user may not read the credential." }
    : { reason: "unavailable", advice: "The credential could not be read." }
}

/** Drops one line ending after the written form; raw bytes may end in anything. */
const withoutLineEnding = (bytes: Uint8Array): Uint8Array => {
  const end = new TextDecoder("latin1").decode(bytes.subarray(ENTRY_LENGTH))
  return end === "\n" || end === "\r\n" ? bytes.subarray(0, ENTRY_LENGTH) : bytes
}

const makeIn = (folder: string, rules: FolderRules): KeyStoreService => {
  const find = Effect.fnUntraced(function* (name: KeyName, operation: KeyStoreOperation) {
    yield* checkName(name, operation)
    if (!FILE_NAME.test(name.keyId)) return yield* failure(operation, "invalid-name")
    const bytes = yield* Effect.tryPromise({
      try: () => readCredential(folder, name.keyId, rules),
      catch: (cause) => failure(operation, diagnose(cause), cause),
    })
    if (bytes === undefined) return undefined
    const key = decodeEntry(withoutLineEnding(bytes))
    bytes.fill(0)
    return key ?? (yield* failure(operation, "corrupt"))
  })
  return {
    backend: "credential-file",
    get: Effect.fn("KeyStore.get")((name) =>
      Effect.map(
        find(name, "get"),
        (key) => key === undefined ? Option.none() : Option.some(redact(key)),
      )
    ),
    createIfAbsent: Effect.fn("KeyStore.createIfAbsent")(function* (name, given) {
      yield* keyToStore(given, "create")
      const key = yield* find(name, "create")
      return key === undefined
        ? yield* failure("create", "read-only")
        : { created: false, key: redact(key) }
    }),
    replace: Effect.fn("KeyStore.replace")(function* (name) {
      yield* checkName(name, "replace")
      return yield* failure("replace", "read-only")
    }),
    delete: Effect.fn("KeyStore.delete")(function* (name) {
      const key = yield* find(name, "delete")
      if (key === undefined) return false
      key.fill(0)
      return yield* failure("delete", "read-only")
    }),
    list: Effect.fn("KeyStore.list")(function* (serviceId) {
      yield* checkServiceId(serviceId, "list")
      return yield* failure("list", NO_LIST)
    }),
  }
}

/** Makes the service. Fails with `unavailable` when neither folder is given. */
export const make = (
  options: CredentialFileOptions = {},
): Effect.Effect<KeyStoreService, KeyStoreError> =>
  Effect.suspend(() => {
    if (options.mountedDirectory !== undefined) {
      return Effect.succeed(makeIn(options.mountedDirectory, "mounted"))
    }
    const folder = process.env["CREDENTIALS_DIRECTORY"]
    return folder === undefined || folder === ""
      ? Effect.fail(failure("open", NO_FOLDER))
      : Effect.succeed(makeIn(folder, "strict"))
  })

/** Provides mounted secrets. */
export const layerWith = (
  options: CredentialFileOptions,
): Layer.Layer<KeyStore, KeyStoreError> => Layer.effect(KeyStore, make(options))

/** Provides systemd's credentials. */
export const layer: Layer.Layer<KeyStore, KeyStoreError> = Layer.effect(KeyStore, make())
