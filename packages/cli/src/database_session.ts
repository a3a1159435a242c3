/**
 * What the commands on the account's database do first: see that it is there, and get its key.
 *
 * @module
 */
import type { KeyStore, KeyStoreError, StorageError } from "@mdk/core/services"
import { withStoredKey } from "@mdk/storage-sqlcipher"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { existsSync } from "node:fs"
import { CliError } from "./cli_error.ts"
import { type KeySession, withKeys } from "./key_session.ts"
import type { GlobalOptions } from "./session.ts"

/** A home whose database exists, with the key of it. */
export interface DatabaseSession extends KeySession {
  readonly path: string
  /** Zeroed when the command ends. */
  readonly key: Redacted.Redacted<Uint8Array>
}

/** There is no database in the home. */
export const noDatabase = (): CliError =>
  new CliError({ reason: "no-account", advice: "there is no database in this home" })

/** Runs an operation with the stored key of the home's database, which must exist. */
export const withDatabase = <A, E>(
  options: GlobalOptions,
  use: (session: DatabaseSession) => Effect.Effect<A, E, KeyStore | Scope.Scope>,
): Effect.Effect<A, E | CliError | KeyStoreError | StorageError> =>
  withKeys(options, (session) =>
    Effect.gen(function* () {
      const path = session.home.database
      if (!existsSync(path)) return yield* noDatabase()
      return yield* withStoredKey(
        { path, ...session.name },
        (key) => use({ ...session, path, key }),
      )
    }))
