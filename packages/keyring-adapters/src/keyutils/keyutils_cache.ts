/**
 * The Linux kernel's keys as a cache in front of a durable store: after the first read a person is not
 * asked again until the machine restarts.
 *
 * The kernel forgets its keys at a restart and after three idle days, so it is never the only home of a
 * key: what is written goes to the durable store first, and what is missing here is asked there. It is
 * the durable store that is recorded beside the database.
 *
 * A read that finds a key here does not ask the durable store. A key that was replaced or deleted there
 * by a program that does not use this cache is therefore answered as it was, until {@link forget} drops
 * it: call that after such a change, and once before a wrong key is believed.
 *
 * A process without a session keyring (cron jobs, some containers) is refused when the cache is opened.
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
import process from "node:process"
import { makeEntryStore } from "../entry/entry_store.ts"
import { failure, type KeyStoreOperation } from "../entry/failure.ts"
import { randomLabel } from "../entry/random_source.ts"
import { loadNapi } from "../native/napi_library.ts"
import { makeNapiPort } from "../native/napi_port.ts"

/** The store behind the cache. */
export interface KeyutilsOptions {
  /** Where the keys live. */
  readonly durable: KeyStoreService
  /** Time limit of every call to the kernel; default 60 seconds. */
  readonly timeLimit?: Duration.Input
}

const NOT_USABLE =
  "The kernel's keys cannot be used here. Start the program in a session keyring (keyctl session)."

const PROBE_KEY: Uint8Array = new Uint8Array(32).fill(1)

const hide = (operation: KeyStoreOperation) =>
  Effect.mapError((error: KeyStoreError) =>
    error.reason === "invalid-name"
      ? error
      : failure(operation, { reason: "unavailable", advice: NOT_USABLE }, error)
  )

/** Drops an entry of a cache; false when there was none. */
export const drop = (
  cache: KeyStoreService,
  name: KeyName,
  operation: KeyStoreOperation,
): Effect.Effect<boolean, KeyStoreError> => cache.delete(name).pipe(hide(operation))

/** Puts a cache in front of a store. Internal: any store serves as the cache. */
export const makeOver = (cache: KeyStoreService, durable: KeyStoreService): KeyStoreService => {
  /**
   * Whatever the kernel answers, the key is in the durable store. Where another key is here already,
   * two programs disagree about the current one: none is kept, so that the next read asks.
   */
  const remember = (name: KeyName, key: Redacted.Redacted<Uint8Array>) =>
    Effect.ignore(
      Effect.flatMap(cache.createIfAbsent(name, key), ({ key: cached }) => {
        const isSame = equalBytes(Redacted.value(cached), Redacted.value(key))
        Redacted.value(cached).fill(0)
        return isSame ? Effect.void : Effect.asVoid(cache.delete(name))
      }),
    )

  /** Not ignored: a key that stays here would be answered after it was replaced there. */
  const forgetFirst = (name: KeyName, operation: KeyStoreOperation) =>
    Effect.asVoid(drop(cache, name, operation))

  return {
    backend: durable.backend,
    get: Effect.fn("KeyStore.get")(function* (name) {
      // A broken or closed cache is as good as an empty one.
      const cached = Option.flatten(yield* Effect.option(cache.get(name)))
      if (Option.isSome(cached)) return cached
      const found = yield* durable.get(name)
      if (Option.isSome(found)) yield* remember(name, found.value)
      return found
    }),
    createIfAbsent: Effect.fn("KeyStore.createIfAbsent")(function* (name, key) {
      yield* forgetFirst(name, "create")
      const created = yield* durable.createIfAbsent(name, key)
      yield* remember(name, created.key)
      return created
    }),
    replace: Effect.fn("KeyStore.replace")(function* (name, change) {
      yield* forgetFirst(name, "replace")
      yield* durable.replace(name, change)
      yield* remember(name, change.next)
    }),
    delete: Effect.fn("KeyStore.delete")(function* (name) {
      yield* forgetFirst(name, "delete")
      return yield* durable.delete(name)
    }),
    list: durable.list,
  }
}

const openCache = (
  timeLimit: Duration.Input | undefined,
  operation: KeyStoreOperation,
): Effect.Effect<KeyStoreService, KeyStoreError> =>
  process.platform === "linux"
    ? Effect.map(
      loadNapi,
      (library) => makeEntryStore(makeNapiPort(library, "keyutils", "keyutils"), timeLimit),
    )
    : Effect.fail(failure(operation, { reason: "unavailable", advice: NOT_USABLE }))

/**
 * Makes the service.
 *
 * Fails with `unavailable` on other systems than Linux, and where the kernel's keys cannot be written
 * and read back.
 */
export const make = (
  options: KeyutilsOptions,
): Effect.Effect<KeyStoreService, KeyStoreError> =>
  Effect.gen(function* () {
    const cache = yield* openCache(options.timeLimit, "open")
    const probe = { serviceId: "mdk", keyId: `session.${yield* randomLabel}` }
    yield* Effect.andThen(
      cache.createIfAbsent(probe, Redacted.make(PROBE_KEY)),
      cache.delete(probe),
    ).pipe(hide("open"))
    return makeOver(cache, options.durable)
  })

/**
 * Drops the key from the cache of this session, and only from there: the next read asks the durable
 * store, also in other programs of the session. False when it was not cached.
 *
 * Needed after the key was rotated, replaced or deleted in the durable store by a program that does not
 * use the cache; changes that go through the cache need nothing. Fails with `invalid-name`, and with
 * `unavailable` where the kernel's keys cannot be used.
 *
 * @example
 * ```ts
 * import { KeyutilsCache } from "@mdk/keyring-adapters"
 *
 * KeyutilsCache.forget({ serviceId: "com.example.chat", keyId: "mdk.db.key.default" })
 * ```
 */
export const forget: (
  name: KeyName,
  options?: Pick<KeyutilsOptions, "timeLimit">,
) => Effect.Effect<boolean, KeyStoreError> = Effect.fn("KeyutilsCache.forget")(
  function* (name, options = {}) {
    return yield* drop(yield* openCache(options.timeLimit, "delete"), name, "delete")
  },
)

/** Provides a cache over the store that is provided to it. */
export const layer: Layer.Layer<KeyStore, KeyStoreError, KeyStore> = Layer.effect(
  KeyStore,
  Effect.flatMap(KeyStore, (durable) => make({ durable })),
)
