/**
 * Keys in files, each wrapped under a passphrase: for machines without a credential store.
 *
 * @module
 */
import { equalBytes } from "@mdk/core/crypto"
import {
  type KeyName,
  KeyStore,
  type KeyStoreError,
  type KeyStoreService,
} from "@mdk/core/services"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { resolve } from "node:path"
import { DEFAULT_TIME_LIMIT } from "../entry/entry_store.ts"
import { failure, type KeyStoreOperation } from "../entry/failure.ts"
import { checkName, checkServiceId } from "../entry/key_name.ts"
import { randomSource } from "../entry/random_source.ts"
import { keyToStore, redact } from "../entry/stored_key.ts"
import { inTurn } from "../entry/turns.ts"
import { type HeldPassphrase, holdPassphrase } from "../passphrase/held_passphrase.ts"
import type { PassphraseSource } from "../passphrase/source.ts"
import { areStrong, type Argon2Parameters, RECOMMENDED } from "./argon2_parameters.ts"
import {
  allKeys,
  deleteKey,
  findKey,
  type FoundKey,
  openFolder,
  openFound,
  type VaultSettings,
  writeKey,
} from "./folder_vault.ts"

/** Where the files are and what protects them. */
export interface WrappedFileOptions {
  /**
   * The folder of the key files, used for nothing else. It is created with mode 0700; one that others
   * can read, or that belongs to somebody else, is refused.
   */
  readonly directory: string
  /** Asked at the first use; kept until it turns out wrong or the layer is closed. */
  readonly passphrase: PassphraseSource
  /**
   * Work to try one passphrase, for new files; default 64 MiB, 3 passes, 4 lanes, about half a second
   * during which this process does nothing else. Less than 19 MiB and 2 passes is refused.
   */
  readonly argon2?: Argon2Parameters
  /** Time limit of every call, asking for the passphrase included; default 60 seconds. */
  readonly timeLimit?: Duration.Input
}

const TOO_WEAK = "These argon2id parameters are too weak or too expensive."

/** Folder, parameters and random source, checked. */
export const openSettings = (
  options: Pick<WrappedFileOptions, "directory" | "argon2">,
): Effect.Effect<VaultSettings, KeyStoreError> =>
  Effect.gen(function* () {
    const parameters = options.argon2 ?? RECOMMENDED
    if (!areStrong(parameters)) {
      return yield* failure("open", { reason: "unavailable", advice: TOO_WEAK })
    }
    const folder = resolve(options.directory)
    yield* openFolder(folder)
    return { folder, parameters, entropy: yield* randomSource }
  })

/** The service over a prepared folder. Internal: it does not check the parameters' strength. */
export const makeOver = (
  settings: VaultSettings,
  held: HeldPassphrase,
  timeLimit: Duration.Input = DEFAULT_TIME_LIMIT,
): KeyStoreService => {
  const { folder } = settings
  const bounded = <A>(
    operation: KeyStoreOperation,
    effect: Effect.Effect<A, KeyStoreError>,
  ): Effect.Effect<A, KeyStoreError> =>
    Effect.timeoutOrElse(effect, {
      duration: timeLimit,
      orElse: () => Effect.fail(failure(operation, "timed-out")),
    })
  const forKey = <A>(
    name: KeyName,
    operation: KeyStoreOperation,
    body: Effect.Effect<A, KeyStoreError>,
  ): Effect.Effect<A, KeyStoreError> =>
    Effect.andThen(
      checkName(name, operation),
      bounded(
        operation,
        inTurn(["wrapped-file", folder, name.serviceId, name.keyId], () => body),
      ),
    )

  /** Checks a passphrase on one of the keys that are there, so that all have the same one. */
  const provePassphrase = Effect.fnUntraced(function* (
    [other]: ReadonlyArray<FoundKey>,
    passphrase: Redacted.Redacted<Uint8Array>,
  ) {
    if (other === undefined) return
    const opened = yield* openFound("create", other.wrapped, passphrase)
    opened.fill(0)
  })

  return {
    backend: "wrapped-file",
    get: Effect.fn("KeyStore.get")((name) =>
      forKey(
        name,
        "get",
        Effect.gen(function* () {
          const found = yield* findKey(folder, name, "get")
          if (found === undefined) return Option.none()
          const key = yield* held.use("existing", (passphrase) =>
            openFound("get", found.wrapped, passphrase))
          return Option.some(redact(key))
        }),
      )
    ),
    createIfAbsent: Effect.fn("KeyStore.createIfAbsent")(function* (name, given) {
      const key = yield* keyToStore(given, "create")
      return yield* forKey(
        name,
        "create",
        Effect.gen(function* () {
          const others = yield* allKeys(folder, "create")
          return yield* held.use(
            others.length === 0 ? "new" : "existing",
            Effect.fnUntraced(function* (passphrase) {
              let created = false
              if ((yield* findKey(folder, name, "create")) === undefined) {
                yield* provePassphrase(others, passphrase)
                created = yield* writeKey(settings, "create", name, undefined, key, passphrase)
              }
              const kept = yield* findKey(folder, name, "create")
              if (kept === undefined) return yield* failure("create", "unavailable")
              const bytes = yield* openFound("create", kept.wrapped, passphrase)
              return { created: created && equalBytes(bytes, key), key: redact(bytes) }
            }),
          )
        }),
      )
    }),
    replace: Effect.fn("KeyStore.replace")(function* (name, change) {
      const next = yield* keyToStore(change.next, "replace")
      yield* forKey(
        name,
        "replace",
        Effect.gen(function* () {
          const found = yield* findKey(folder, name, "replace")
          if (found === undefined) return yield* failure("replace", "missing")
          yield* held.use(
            "existing",
            Effect.fnUntraced(function* (passphrase) {
              const current = yield* openFound("replace", found.wrapped, passphrase)
              const expected = equalBytes(current, Redacted.value(change.expected))
              current.fill(0)
              if (!expected) return yield* failure("replace", "conflict")
              const won = yield* writeKey(settings, "replace", name, found, next, passphrase)
              if (!won) return yield* failure("replace", "conflict")
              const kept = yield* findKey(folder, name, "replace")
              if (kept === undefined) return yield* failure("replace", "unavailable")
              const bytes = yield* openFound("replace", kept.wrapped, passphrase)
              const stored = equalBytes(bytes, next)
              bytes.fill(0)
              if (!stored) return yield* failure("replace", "conflict")
            }),
          )
        }),
      )
    }),
    delete: Effect.fn("KeyStore.delete")((name) => forKey(name, "delete", deleteKey(folder, name))),
    list: Effect.fn("KeyStore.list")((serviceId) =>
      Effect.andThen(
        checkServiceId(serviceId, "list"),
        bounded(
          "list",
          Effect.map(allKeys(folder, "list"), (keys) =>
            keys.filter(({ wrapped }) =>
              wrapped.name.serviceId === serviceId
            )
              .map(({ wrapped }) => wrapped.name.keyId).sort()),
        ),
      )
    ),
  }
}

/**
 * Makes the service; the passphrase is zeroed when the scope closes.
 *
 * Fails with `unavailable` when the folder is not acceptable. The passphrase is not asked for yet.
 */
export const make = (
  options: WrappedFileOptions,
): Effect.Effect<KeyStoreService, KeyStoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const settings = yield* openSettings(options)
    const held = yield* holdPassphrase(options.passphrase)
    return makeOver(settings, held, options.timeLimit)
  })

/**
 * Provides keys in wrapped files.
 *
 * @example
 * ```ts
 * import { Passphrase, WrappedFile } from "@mdk/keyring-adapters"
 *
 * WrappedFile.layer({
 *   directory: "keys",
 *   passphrase: Passphrase.fromCommand(["pass", "show", "chat"]),
 * })
 * ```
 */
export const layer = (options: WrappedFileOptions): Layer.Layer<KeyStore, KeyStoreError> =>
  Layer.effect(KeyStore, make(options))
