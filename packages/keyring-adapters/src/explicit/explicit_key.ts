/**
 * One key that the caller brings along; nothing is stored.
 *
 * @module
 */
import {
  KEY_LENGTH,
  type KeyName,
  KeyStore,
  type KeyStoreError,
  type KeyStoreService,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { decodeEntry } from "../entry/entry_format.ts"
import { failure, type KeyStoreOperation } from "../entry/failure.ts"
import { checkName, checkServiceId } from "../entry/key_name.ts"
import { keyToStore, redact } from "../entry/stored_key.ts"

/** The key and its name. */
export interface ExplicitKeyOptions {
  /** The only name under which the key is found. */
  readonly name: KeyName
  /**
   * 32 raw bytes, or the text of an exported key (`mdk-sqlite-key-v1:...`). A copy is taken; the
   * given bytes stay the caller's.
   */
  readonly key: Redacted.Redacted<Uint8Array | string>
}

const takeKey = (
  given: Uint8Array | string,
): Effect.Effect<Redacted.Redacted<Uint8Array>, KeyStoreError> => {
  const entry = typeof given === "string" ? new TextEncoder().encode(given.trim()) : given.slice()
  const key = decodeEntry(entry)
  entry.fill(0)
  // Thirty-two characters of text are no raw key: somebody would have typed a passphrase.
  return key === undefined || (typeof given === "string" && entry.length === KEY_LENGTH)
    ? Effect.fail(failure("open", "invalid-key"))
    : Effect.map(keyToStore(redact(key), "open"), redact)
}

const isSame = (a: KeyName, b: KeyName): boolean =>
  a.serviceId === b.serviceId && a.keyId === b.keyId

/**
 * Makes the service. Its copy of the key is zeroed when the scope closes.
 *
 * `get` and `createIfAbsent` answer the key for its name. Everything that would change something
 * fails with `read-only`, and so does `createIfAbsent` for other names. Fails with `invalid-key` when
 * the given key is not one.
 */
export const make = (
  options: ExplicitKeyOptions,
): Effect.Effect<KeyStoreService, KeyStoreError, Scope.Scope> =>
  Effect.gen(function* () {
    yield* checkName(options.name, "open")
    const held = yield* Effect.acquireRelease(
      takeKey(Redacted.value(options.key)),
      (key) => Effect.sync(() => Redacted.value(key).fill(0)),
    )
    const copy = () => redact(Redacted.value(held).slice())
    const holds = (name: KeyName, operation: KeyStoreOperation) =>
      Effect.as(checkName(name, operation), isSame(name, options.name))

    const service: KeyStoreService = {
      backend: "explicit",
      get: Effect.fn("KeyStore.get")((name) =>
        Effect.map(holds(name, "get"), (held) => held ? Option.some(copy()) : Option.none())
      ),
      createIfAbsent: Effect.fn("KeyStore.createIfAbsent")(function* (name, key) {
        yield* keyToStore(key, "create")
        if (!(yield* holds(name, "create"))) return yield* failure("create", "read-only")
        return { created: false, key: copy() }
      }),
      replace: Effect.fn("KeyStore.replace")(function* (name) {
        yield* checkName(name, "replace")
        return yield* failure("replace", "read-only")
      }),
      delete: Effect.fn("KeyStore.delete")(function* (name) {
        if (yield* holds(name, "delete")) return yield* failure("delete", "read-only")
        return false
      }),
      list: Effect.fn("KeyStore.list")((serviceId) =>
        Effect.as(
          checkServiceId(serviceId, "list"),
          serviceId === options.name.serviceId ? [options.name.keyId] : [],
        )
      ),
    }
    return service
  })

/** Provides the one key that is given. */
export const layer = (options: ExplicitKeyOptions): Layer.Layer<KeyStore, KeyStoreError> =>
  Layer.effect(KeyStore, make(options))

/**
 * Provides the key from an environment variable, with a warning in the log: the environment is
 * inherited by child processes, and shows in crash reports and process listings. The variable is
 * removed from this process's environment once it was read; its text cannot be zeroed.
 *
 * Fails with `missing` when the variable is not set and with `invalid-key` when it is not the text of
 * an exported key.
 */
export const layerFromEnvironment = (options: {
  /** The variable's name. */
  readonly variable: string
  /** The only name under which the key is found. */
  readonly name: KeyName
}): Layer.Layer<KeyStore, KeyStoreError> =>
  Layer.effect(
    KeyStore,
    Effect.gen(function* () {
      const { env } = yield* Effect.promise(() => import("node:process"))
      const text = env[options.variable]
      if (text === undefined || text === "") return yield* failure("open", "missing")
      delete env[options.variable]
      yield* Effect.logWarning(
        "a database key came from the environment; use a credential store where there is one",
      )
      return yield* make({ name: options.name, key: Redacted.make(text) })
    }),
  )
