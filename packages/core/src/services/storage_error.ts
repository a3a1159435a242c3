/**
 * The one error with which every storage adapter fails.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import type * as Redacted from "effect/Redacted"

/**
 * Why a storage call failed.
 *
 * - `wrong-key`: the file is intact, the key is another one
 * - `plaintext-file`: an unencrypted database stands where an encrypted one belongs
 * - `not-a-database`: the file is something else, or cut
 * - `damaged`: a page fails its HMAC, or the structure is broken
 * - `wrong-key-or-damaged`: nothing on disk can tell which of the two it is
 * - `newer-schema`: written by a newer version
 * - `busy`: another process holds the file for a moment; try again
 * - `account-in-use`: another live instance holds the pen of this account
 * - `full`: no space left; nothing of the batch was written
 * - `read-only`: the file or its file system cannot be written
 * - `key-missing`: the database exists, its key does not (or its store is locked)
 * - `key-exists`: a key exists for a database that does not; the policy forbids to use it
 * - `key-store`: the key store failed; the cause is its error
 * - `backend-changed`: the key is recorded in another key store
 * - `unsafe-file`: owner, mode, link or parent directory are not acceptable
 * - `foreign-journal`: a rollback journal that this driver must not touch lies beside the file
 * - `io`: the file system failed; nothing of the batch was written
 * - `outcome-unknown`: the commit may or may not have happened; repeat the same batch id
 * - `conflict`: an `expect` of the batch did not hold; nothing was written
 * - `invalid`: the call breaks the contract (undeclared collection, bounds); nothing was written
 * - `unsupported-runtime`: this runtime cannot load the driver
 * - `closed`: the layer's scope is over, or the pen was lost
 */
export type StorageErrorReason =
  | "wrong-key"
  | "plaintext-file"
  | "not-a-database"
  | "damaged"
  | "wrong-key-or-damaged"
  | "newer-schema"
  | "busy"
  | "account-in-use"
  | "full"
  | "read-only"
  | "key-missing"
  | "key-exists"
  | "key-store"
  | "backend-changed"
  | "unsafe-file"
  | "foreign-journal"
  | "io"
  | "outcome-unknown"
  | "conflict"
  | "invalid"
  | "unsupported-runtime"
  | "closed"

/** One sentence for the person per reason: what can be done about it. */
export const STORAGE_ADVICE: Readonly<Record<StorageErrorReason, string>> = {
  "wrong-key": "This key belongs to another database; open the file with its own",
  "plaintext-file": "The file is not encrypted; encrypt it first, or name another file",
  "not-a-database": "The file is something else, or was cut; restore a backup",
  "damaged": "The file is damaged; restore a backup",
  "wrong-key-or-damaged": "Either the key is another one or the file is damaged",
  "newer-schema": "The file was written by a newer version; update the program",
  "busy": "Another process uses the file for a moment; try again",
  "account-in-use": "Another running instance has this account open; close it first",
  "full": "There is no space left; free some and repeat",
  "read-only": "The file or its file system cannot be written",
  "key-missing":
    "The database exists and its key was not found; unlock or restore the key store, never create a new key",
  "key-exists":
    "A key exists for a database that does not; is its disk mounted? Else choose a policy for existing keys",
  "key-store": "The key store failed; see its own error",
  "backend-changed": "The key is recorded in another key store; use that one, or migrate the key",
  "unsafe-file": "Others can reach this file; use a directory of your own that only you can write",
  "foreign-journal":
    "The program that wrote the file left an unfinished transaction; let it finish",
  "io": "The file system failed; check the disk",
  "outcome-unknown": "The write may have happened; repeat the same batch to learn it",
  "conflict": "What the batch expected does not hold; read again and decide anew",
  "invalid": "The call breaks the contract",
  "unsupported-runtime": "Run it on Node 22.19 or newer, on Deno 2 or on Bun 1.2",
  "closed": "The storage is closed",
}

/** What a {@link StorageError} carries: never an identifier, a path, a byte or a driver's text. */
export interface StorageErrorFields {
  /** The kind of work that failed. */
  readonly operation: "open" | "declare" | "read" | "commit" | "maintain" | "close"
  /** How the caller should react. */
  readonly reason: StorageErrorReason
  /** The driver's own error, hidden from every printer. */
  readonly cause?: Redacted.Redacted<unknown>
}

/** A storage call failed; `reason` says how to react. */
export interface StorageError extends Cause.YieldableError, StorageErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "StorageError"
  /** The driver's own error, hidden from every printer. */
  readonly cause?: Redacted.Redacted<unknown>
}

/** Creates a {@link StorageError}. */
export const StorageError: new (fields: StorageErrorFields) => StorageError = class StorageError
  extends Data.TaggedError("StorageError")<StorageErrorFields> {
  /** One line without identifiers. */
  override get message(): string {
    return `storage: ${this.operation} failed: ${this.reason}. ${STORAGE_ADVICE[this.reason]}.`
  }
}
