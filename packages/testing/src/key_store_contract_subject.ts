/**
 * The key store contract: what is under test, and what its tests share.
 *
 * @module
 */
import {
  KEY_LENGTH,
  type KeyName,
  type KeyStoreError,
  type KeyStoreErrorReason,
  type KeyStoreService,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { it } from "node:test"

/** A store under test. */
export interface KeyStoreSubject {
  /** Shown in the names of the tests. */
  readonly name: string
  /** Opens a handle. Several handles, one after the other or at once, see the same entries. */
  readonly open: Effect.Effect<KeyStoreService, KeyStoreError, Scope.Scope>
  /** A service id that nobody else uses while the tests run; the tests delete what they make. */
  readonly serviceId: string
  /** False when the store cannot list: then `list` must fail with `unavailable`. */
  readonly lists: boolean
  /** Puts raw bytes where an entry belongs; leave it out where entries are not raw. */
  readonly plant?: (name: KeyName, entry: Uint8Array) => Promise<void>
  /** Reads the raw bytes of an entry, undefined when there is none; goes with `plant`. */
  readonly peek?: (name: KeyName) => Promise<Uint8Array | undefined>
  /** False where `plant` cannot plant bytes that are not text; default true. */
  readonly plantsBinary?: boolean
}

/** A key that no other test uses. */
export const freshKey = (): Uint8Array =>
  globalThis.crypto.getRandomValues(new Uint8Array(KEY_LENGTH))

/** Hides the bytes of a key. */
export const hide = (key: Uint8Array): Redacted.Redacted<Uint8Array> => Redacted.make(key)

/** A copy of the bytes of a key. */
export const shown = (key: Redacted.Redacted<Uint8Array>): Uint8Array =>
  Uint8Array.from(Redacted.value(key))

/** Why a call fails. */
export const reasonOf = <A>(
  effect: Effect.Effect<A, KeyStoreError>,
): Effect.Effect<KeyStoreErrorReason | "succeeded"> =>
  Effect.map(
    Effect.result(effect),
    (result) => Result.isFailure(result) ? result.failure.reason : "succeeded",
  )

/** The bytes of a stored key; undefined when there is none. */
export const stored = (
  store: KeyStoreService,
  name: KeyName,
): Effect.Effect<Uint8Array | undefined, KeyStoreError> =>
  Effect.map(store.get(name), (key) => Option.getOrUndefined(Option.map(key, shown)))

/** Registers one test, on an open store and a name of its own that is deleted afterwards. */
export type Check = (
  title: string,
  body: (store: KeyStoreService, name: KeyName) => Effect.Effect<void, KeyStoreError, Scope.Scope>,
) => void

/** Makes the {@link Check} of one store. */
export const checkOf = ({ open, serviceId }: KeyStoreSubject): Check => {
  let names = 0
  return (title, body) => {
    it(title, () => {
      const name = { serviceId, keyId: `contract.${names++}` }
      return Effect.runPromise(Effect.scoped(
        Effect.flatMap(open, (store) =>
          Effect.ensuring(
            body(store, name),
            Effect.ignore(store.delete(name)),
          )),
      ))
    })
  }
}
