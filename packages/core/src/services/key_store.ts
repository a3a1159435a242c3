/**
 * Where database keys live: outside the database, in a store that a copy of the files does not
 * contain.
 *
 * A `KeyStore` knows (service id, key id) and 32-byte keys, never a path. The state of a database
 * file, the creation record with the key's check value, the lock and the policy for keys that
 * already exist belong to the storage adapter.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"

/** Length in bytes of every key in a {@link KeyStoreService}. */
export const KEY_LENGTH = 32

/** What names one key. */
export interface KeyName {
  /** The application, e.g. `com.example.chat`. 1 to 255 UTF-8 bytes, no control characters, no `@`. */
  readonly serviceId: string
  /** The key within the application, e.g. `mdk.db.key.default`. Same alphabet. */
  readonly keyId: string
}

/**
 * Names the entry that holds the next key while a key is rotated: the same id with `.next`. Whoever
 * rotates and whoever opens a database after an interrupted rotation look for it under this one name.
 */
export const stagedName = ({ serviceId, keyId }: KeyName): KeyName => ({
  serviceId,
  keyId: `${keyId}.next`,
})

/**
 * Why a {@link KeyStoreService} call failed.
 *
 * - `locked`: the store is there but closed, or its prompt was dismissed
 * - `denied`: the platform itself says that this program may not
 * - `missing`: there is no such key (only from `replace`; `get` answers none)
 * - `ambiguous`: several entries match; none is chosen
 * - `corrupt`: the entry is not one of the known formats; it is never overwritten
 * - `unavailable`: no store could be reached
 * - `backend-changed`: the key is expected in another store
 * - `timed-out`: no answer in time
 * - `read-only`: this store cannot be written
 * - `invalid-name`: a {@link KeyName} outside its alphabet
 * - `invalid-key`: a key to be stored is not 32 bytes long, or was zeroed before it was stored
 * - `conflict`: `replace` found another key than the expected one
 * - `wrong-passphrase`: a wrapped key was not opened by this passphrase
 */
export type KeyStoreErrorReason =
  | "locked"
  | "denied"
  | "missing"
  | "ambiguous"
  | "corrupt"
  | "unavailable"
  | "backend-changed"
  | "timed-out"
  | "read-only"
  | "invalid-name"
  | "invalid-key"
  | "conflict"
  | "wrong-passphrase"

/** What a {@link KeyStoreError} carries: never a name, a path or a byte of a key. */
export interface KeyStoreErrorFields {
  /** The call that failed. */
  readonly operation: "open" | "get" | "create" | "replace" | "delete" | "list"
  /** How the caller should react. */
  readonly reason: KeyStoreErrorReason
  /** One sentence for the person: what can be done about it. */
  readonly advice: string
  /** The library's own error, hidden from every printer. */
  readonly cause?: Redacted.Redacted<unknown>
}

/** A call of the key store failed; `reason` says why, `advice` what to do. */
export interface KeyStoreError extends Cause.YieldableError, KeyStoreErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "KeyStoreError"
  /** The library's own error, hidden from every printer. */
  readonly cause?: Redacted.Redacted<unknown>
}

/** Creates a {@link KeyStoreError}. */
export const KeyStoreError: new (fields: KeyStoreErrorFields) => KeyStoreError = class KeyStoreError
  extends Data.TaggedError("KeyStoreError")<KeyStoreErrorFields> {
  /** One line without identifiers. */
  override get message(): string {
    return `key store: ${this.operation} failed: ${this.reason}. ${this.advice}`
  }
}

/** What {@link KeyStoreService.createIfAbsent} found or made. */
export interface CreatedKey {
  /** True when the given key was stored, false when a key was there already. */
  readonly created: boolean
  /** The key that the store holds now, read back from it. The caller owns and zeroes the bytes. */
  readonly key: Redacted.Redacted<Uint8Array>
}

/** Holds 32-byte keys by {@link KeyName}. Every call is bounded in time by the adapter. */
export interface KeyStoreService {
  /**
   * Stable name of the store behind this service (`native:secret-service`, `wrapped-file`, ...).
   * The storage adapter records it beside the database, so that a changed store is recognized.
   */
  readonly backend: string
  /**
   * Reads a key. The caller owns the bytes and zeroes them.
   *
   * None means "missing, or the store is closed and does not say so": it is never proof that an
   * existing database has no key.
   */
  readonly get: (
    name: KeyName,
  ) => Effect.Effect<Option.Option<Redacted.Redacted<Uint8Array>>, KeyStoreError>
  /**
   * Stores a 32-byte key unless there is one, reads back what the store holds and returns that.
   * The given bytes stay the caller's. Races inside one process have one winner; between processes
   * the storage adapter's lock decides.
   */
  readonly createIfAbsent: (
    name: KeyName,
    key: Redacted.Redacted<Uint8Array>,
  ) => Effect.Effect<CreatedKey, KeyStoreError>
  /**
   * Replaces `expected` by `next` and reads back. Fails with `missing` when there is no key and
   * with `conflict` when another than `expected` is there; both change nothing.
   */
  readonly replace: (
    name: KeyName,
    change: {
      /** The key that must be there now. */
      readonly expected: Redacted.Redacted<Uint8Array>
      /** The key that is there afterwards. */
      readonly next: Redacted.Redacted<Uint8Array>
    },
  ) => Effect.Effect<void, KeyStoreError>
  /** Deletes a key; false when there was none. */
  readonly delete: (name: KeyName) => Effect.Effect<boolean, KeyStoreError>
  /** The key ids of one service id, sorted; fails with `unavailable` where a store cannot list. */
  readonly list: (serviceId: string) => Effect.Effect<ReadonlyArray<string>, KeyStoreError>
}

/** The requirement `KeyStore` in the `R` of an Effect. */
export interface KeyStore
  extends Context.ServiceClass.Shape<"@mdk/core/KeyStore", KeyStoreService> {}

/** Key under which a {@link KeyStoreService} is found: `yield* KeyStore`. */
export const KeyStore: Context.ServiceClass<KeyStore, "@mdk/core/KeyStore", KeyStoreService> =
  Context.Service<KeyStore, KeyStoreService>()("@mdk/core/KeyStore")
