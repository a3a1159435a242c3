/**
 * What to do with a file, its record and its key: the open algorithm as a pure decision.
 *
 * Two rules stand above all others. A file with content is never given a new key. And the key of a
 * creation that was interrupted is used again under every policy: nothing was ever stored under it.
 *
 * @module
 */
import type { StorageErrorReason } from "@mdk/core/services"
import type { FileState } from "./file_state.ts"

/**
 * What happens when a key exists already for a database that does not:
 *
 * - `error`: the opening fails with `key-exists`. The database may be absent because its disk is not
 *   mounted, and its key must survive that.
 * - `reuse`: the new database gets the existing key.
 * - `rotate`: a new key takes its place, and whatever was encrypted under the old one is lost.
 */
export type ExistingKeyPolicy = "error" | "reuse" | "rotate"

/** What is known before anything is changed. */
export interface KeyFacts {
  /** What stands at the database's path. */
  readonly file: FileState
  /** True when a write-ahead log with content lies beside it. */
  readonly hasLog: boolean
  /** The creation record: absent, or its state and whether it names this key and this key store. */
  readonly record: undefined | {
    readonly state: "creating" | "ready"
    readonly namesKey: boolean
    readonly namesBackend: boolean
  }
  /** True when the key store holds a key. */
  readonly hasKey: boolean
  /** The caller's policy. */
  readonly policy: ExistingKeyPolicy
}

/** What to do. */
export type KeyDecision =
  /** Open the database with the stored key. */
  | { readonly kind: "open" }
  /** Make a database with the stored key. */
  | { readonly kind: "create-with-stored-key" }
  /** Make a database with a new key, which must not be there yet. */
  | { readonly kind: "create-with-new-key" }
  /** Make a database with a new key in place of the stored one. */
  | { readonly kind: "rotate-and-create" }
  /** Change nothing. */
  | { readonly kind: "refuse"; readonly reason: StorageErrorReason }

const refuse = (reason: StorageErrorReason): KeyDecision => ({ kind: "refuse", reason })

/** Decides. */
export function decide(facts: KeyFacts): KeyDecision {
  const { file, hasKey, hasLog, policy, record } = facts
  if (file === "plaintext") return refuse("plaintext-file")
  if (file === "fragment" && record?.state !== "creating") return refuse("not-a-database")
  if (file === "other") {
    if (record !== undefined && !record.namesBackend) return refuse("backend-changed")
    return hasKey ? { kind: "open" } : refuse("key-missing")
  }
  // Its creation was interrupted, or nothing was ever there. The main file is never empty once the database was open: it was cut, or only its log was kept.
  if (record?.state !== "creating" && hasLog) return refuse("not-a-database")
  if (file === "empty" && record?.state === "ready") return refuse("not-a-database")
  if (!hasKey) return { kind: "create-with-new-key" }
  if (record?.state === "creating" && record.namesKey && record.namesBackend) {
    return { kind: "create-with-stored-key" }
  }
  switch (policy) {
    case "error":
      return refuse("key-exists")
    case "reuse":
      return { kind: "create-with-stored-key" }
    case "rotate":
      return { kind: "rotate-and-create" }
  }
}
