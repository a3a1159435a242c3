/**
 * Changes the key of a database without a moment in which its only working key is lost.
 *
 * While a rotation is under way there are two entries: the current key under its own id and the next
 * one under that id with `.next`. The order is
 *
 * 1. {@link stage}: the next key is stored and read back, before anything is encrypted with it;
 * 2. the storage adapter copies the database under the next key and swaps the files;
 * 3. {@link promote}: the next key takes the place of the current one, then `.next` is deleted.
 *
 * Between any two steps the key of the database that is on disk is in the store. After a crash
 * {@link settle} asks which of the two opens the database, and finishes or drops the rotation.
 *
 * @module
 */
import { equalBytes } from "@mdk/core/crypto"
import {
  type KeyName,
  type KeyStoreError,
  type KeyStoreService,
  stagedName,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { failure } from "../entry/failure.ts"
import { acquireKey, wipe } from "../entry/acquire_key.ts"

/** Both keys of a rotation; their bytes are zeroed when the scope closes. */
export interface RotationKeys {
  /** The key of the database as it is. */
  readonly current: Redacted.Redacted<Uint8Array>
  /** The key that it gets. */
  readonly next: Redacted.Redacted<Uint8Array>
}

const currentKey = (
  store: KeyStoreService,
  name: KeyName,
): Effect.Effect<Redacted.Redacted<Uint8Array>, KeyStoreError, Scope.Scope> =>
  Effect.flatMap(
    acquireKey(store.get(name)),
    (key) =>
      Option.isSome(key) ? Effect.succeed(key.value) : Effect.fail(failure("replace", "missing")),
  )

/**
 * Stores the next key. One that an interrupted rotation left is taken up again instead of the given
 * one: a copy of the database may be encrypted with it already.
 *
 * Fails with `missing` when there is no current key, and with `invalid-key` when the next key would be
 * the current one.
 */
export const stage: (
  store: KeyStoreService,
  name: KeyName,
  fresh: Redacted.Redacted<Uint8Array>,
) => Effect.Effect<RotationKeys, KeyStoreError, Scope.Scope> = Effect.fn("KeyRotation.stage")(
  function* (store, name, fresh) {
    const current = yield* currentKey(store, name)
    if (equalBytes(Redacted.value(current), Redacted.value(fresh))) {
      return yield* failure("replace", "invalid-key")
    }
    const next = yield* acquireKey(
      Effect.map(store.createIfAbsent(stagedName(name), fresh), ({ key }) => Option.some(key)),
    )
    return { current, next: Option.getOrThrow(next) }
  },
)

/**
 * Makes the staged key the current one; called when the database on disk is encrypted with it.
 *
 * Repeating it is harmless: where the current entry holds the next key already, only `.next` is
 * deleted. Fails with `conflict` when the current entry holds neither key, and then deletes nothing.
 */
export const promote: (
  store: KeyStoreService,
  name: KeyName,
  keys: RotationKeys,
) => Effect.Effect<void, KeyStoreError> = Effect.fn("KeyRotation.promote")(
  function* (store, name, { current, next }) {
    yield* Effect.scoped(Effect.gen(function* () {
      const stored = yield* currentKey(store, name)
      if (!equalBytes(Redacted.value(stored), Redacted.value(next))) {
        yield* store.replace(name, { expected: current, next })
      }
    }))
    yield* store.delete(stagedName(name))
  },
)

/**
 * Drops the staged key; called when the database on disk is still encrypted with the current one and
 * no copy under the next key is left. False when there was none.
 */
export const abandon: (
  store: KeyStoreService,
  name: KeyName,
) => Effect.Effect<boolean, KeyStoreError> = Effect.fn("KeyRotation.abandon")(
  function* (store, name) {
    return yield* store.delete(stagedName(name))
  },
)

/** How {@link settle} left a rotation. */
export type Settlement =
  /** There was none under way. */
  | "none"
  /** The database has the next key, which is the current one now. */
  | "completed"
  /** The database still has the current key; the staged one is deleted. */
  | "abandoned"

/**
 * Ends a rotation that was interrupted.
 *
 * `opens` tells whether a key opens the database that is on disk, best by the check value beside it; it
 * must change nothing. Where neither key opens it both stay in the store and this fails with `conflict`.
 */
export const settle = <E, R>(
  store: KeyStoreService,
  name: KeyName,
  opens: (key: Redacted.Redacted<Uint8Array>) => Effect.Effect<boolean, E, R>,
): Effect.Effect<Settlement, KeyStoreError | E, R> =>
  Effect.scoped(Effect.gen(function* () {
    const staged = yield* acquireKey(store.get(stagedName(name)))
    if (Option.isNone(staged)) return "none"
    const next = staged.value
    const current = yield* acquireKey(store.get(name))
    if (yield* opens(next)) {
      // Without a current entry, which somebody removed by hand, the staged one takes its place.
      if (Option.isSome(current)) yield* promote(store, name, { current: current.value, next })
      else yield* restore(store, name, next)
      return "completed"
    }
    if (Option.isSome(current) && (yield* opens(current.value))) {
      yield* abandon(store, name)
      return "abandoned"
    }
    return yield* failure("replace", "conflict")
  }))

/** Puts the staged key where no current one is, then deletes the staged entry. */
const restore = Effect.fnUntraced(function* (
  store: KeyStoreService,
  name: KeyName,
  next: Redacted.Redacted<Uint8Array>,
) {
  const { key } = yield* store.createIfAbsent(name, next)
  const isSame = equalBytes(Redacted.value(key), Redacted.value(next))
  yield* wipe(key)
  if (!isSame) return yield* failure("replace", "conflict")
  yield* store.delete(stagedName(name))
})

/**
 * The whole rotation: stages, lets `rekey` encrypt the database with the next key, promotes.
 *
 * When `rekey` fails or is interrupted nothing is cleaned up, because it may have got as far as the
 * swap: call {@link settle}, or {@link rotate} again, which takes up the same next key. `rekey` must
 * bear that: given a database that has the next key already, it does nothing.
 */
export const rotate = <E, R>(
  store: KeyStoreService,
  name: KeyName,
  fresh: Redacted.Redacted<Uint8Array>,
  rekey: (keys: RotationKeys) => Effect.Effect<void, E, R>,
): Effect.Effect<void, KeyStoreError | E, R> =>
  Effect.scoped(Effect.gen(function* () {
    const keys = yield* stage(store, name, fresh)
    yield* rekey(keys)
    yield* promote(store, name, keys)
  }))
