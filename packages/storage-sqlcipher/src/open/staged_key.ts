/**
 * Finishing a rotation that was interrupted between the exchange of the file and that of the key.
 *
 * While a rotation is under way the key store holds the next key beside the current one, under the same
 * id with `.next`. When the current key does not open the file and the next one does, the file was
 * exchanged already: the next key becomes the current one.
 *
 * @module
 */
import {
  type KeyName,
  type KeyStoreService,
  stagedName,
  type StorageError,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { failureOf } from "../driver/failure.ts"
import { attempt } from "./attempt.ts"
import type { Found } from "./file_state.ts"
import { keyCheckOf } from "./key_check.ts"
import { examinePages } from "./page_authentication.ts"

/** What is known of a database and its current key. */
export interface Staging {
  readonly found: Pick<Found, "paths" | "record">
  readonly store: KeyStoreService
  readonly name: KeyName
  /** The current key. */
  readonly current: Uint8Array
}

/**
 * The next key when it is the one that opens the file; the key store was brought up to date then.
 * Undefined when the current key opens it, or neither does. Only while nobody of this process has the
 * file open.
 *
 * @param owned gets every key whose bytes are to be zeroed
 */
export const takeStagedKey: (
  staging: Staging,
  owned: Array<Uint8Array>,
) => Effect.Effect<Uint8Array | undefined, StorageError> = Effect.fnUntraced(
  function* (staging: Staging, owned: Array<Uint8Array>) {
    const { current, name, store } = staging
    const next = yield* openingStagedKey(staging, owned)
    if (next === undefined) return undefined
    yield* store.replace(name, {
      expected: Redacted.make(current, { label: "key" }),
      next: Redacted.make(next, { label: "key" }),
    }).pipe(
      Effect.andThen(store.delete(stagedName(name))),
      Effect.mapError((error) => failureOf("open", error, "key-store")),
    )
    return next
  },
)

/** As {@link takeStagedKey}, but leaves the key store as it is. */
export const openingStagedKey: (
  staging: Staging,
  owned: Array<Uint8Array>,
) => Effect.Effect<Uint8Array | undefined, StorageError> = Effect.fnUntraced(
  function* ({ current, found, name, store }: Staging, owned: Array<Uint8Array>) {
    const { paths, record } = found
    if (record?.check === keyCheckOf(current) && record.next === undefined) return undefined
    if (yield* attempt(() => examinePages(paths.main, current).any)) return undefined
    const staged = yield* store.get(stagedName(name)).pipe(
      Effect.mapError((error) => failureOf("open", error, "key-store")),
    )
    if (Option.isNone(staged)) return undefined
    const next = Redacted.value(staged.value)
    owned.push(next)
    return (yield* attempt(() => examinePages(paths.main, next).any)) ? next : undefined
  },
)
