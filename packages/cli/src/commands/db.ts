/**
 * `mdk db`: operations on the database file as a whole.
 *
 * @module
 */
import { type KeyStore, type KeyStoreError, StorageError } from "@mdk/core/services"
import {
  backupDatabase,
  compactDatabase,
  encryptDatabase,
  type OnProgress,
  verifyDatabase,
} from "@mdk/storage-sqlcipher"
import { Command } from "commander"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { existsSync } from "node:fs"
import { CliError } from "../cli_error.ts"
import { type DatabaseSession, noDatabase, withDatabase } from "../database_session.ts"
import { withKeys } from "../key_session.ts"
import type { GlobalOptions } from "../session.ts"
import { stepProgress } from "../step_progress.ts"
import { optionsOf, progressOption, type Register } from "./command_line.ts"
import { registerInspect } from "./db_inspect.ts"
import { registerRestore } from "./db_restore.ts"
import { rotateKey } from "./key.ts"

interface DbOptions extends GlobalOptions {
  readonly progress?: boolean
}

/** Runs an operation on the home's database that tells its steps. */
const withProgress = <A, E>(
  options: DbOptions,
  use: (
    session: DatabaseSession & { readonly onProgress: OnProgress },
  ) => Effect.Effect<A, E, KeyStore | Scope.Scope>,
): Effect.Effect<A, E | CliError | KeyStoreError | StorageError> =>
  withDatabase(options, (session) => {
    const onProgress = stepProgress(session.terminal, options.progress === true)
    return use({ ...session, onProgress })
  })

/** Defines `mdk db`. */
export const registerDb: Register = (program, run) => {
  const db = new Command("db")
    .description("encrypt, back up, restore, check, compact and inspect the database")

  db.command("encrypt")
    .description("encrypt an unencrypted database under a new key; the original is destroyed")
    .option("--reuse-key", "use the key that the key store has already")
    .addOption(progressOption())
    .action((_, command: Command) => {
      const options = optionsOf<DbOptions & { readonly reuseKey?: boolean }>(command)
      return run(
        options,
        withKeys(options, ({ home, name, terminal }) =>
          Effect.gen(function* () {
            if (!existsSync(home.database)) return yield* noDatabase()
            const done = yield* encryptDatabase({
              path: home.database,
              ...name,
              onExistingKey: options.reuseKey === true ? "reuse" : "error",
              onProgress: stepProgress(terminal, options.progress === true),
            })
            terminal.line(
              done.alreadyDone
                ? "it is encrypted; nothing of the original is left"
                : `encrypted ${done.rows} rows of ${done.tables} tables; the original is destroyed`,
            )
            terminal.value(done)
          })),
      )
    })

  db.command("rekey")
    .description("encrypt the database with a new key; the same as: mdk key rotate")
    .addOption(progressOption())
    .action((_, command: Command) => {
      const options = optionsOf<DbOptions>(command)
      return run(options, rotateKey(options))
    })

  db.command("backup")
    .description("write an encrypted backup, also while the account is in use")
    .argument("<file>", "the new file")
    .addOption(progressOption())
    .addHelpText(
      "after",
      `
The backup has the database's key. Keep that key apart from it (mdk key export):
without it nobody opens the backup, and mdk key rotate gives the database
another one.`,
    )
    .action((to: string, _, command: Command) => {
      const options = optionsOf<DbOptions>(command)
      return run(
        options,
        withProgress(options, ({ key, onProgress, path, terminal }) =>
          Effect.gen(function* () {
            if (existsSync(to)) {
              return yield* new CliError({
                reason: "account-exists",
                advice: "the file for the backup exists already",
              })
            }
            const done = yield* backupDatabase({ path, key, to, onProgress })
            terminal.line(`wrote ${done.bytes} bytes`)
            terminal.value(done)
          })),
      )
    })

  registerRestore(db, run)

  db.command("verify")
    .description("check every page, every index and every value, also while it is in use")
    .addOption(progressOption())
    .action((_, command: Command) => {
      const options = optionsOf<DbOptions>(command)
      return run(
        options,
        withProgress(options, ({ key, onProgress, path, terminal }) =>
          Effect.gen(function* () {
            const found = yield* verifyDatabase({ path, key, onProgress })
            terminal.line(`pages      ${found.pages ?? "in use"}, ${found.badPages} bad`)
            terminal.line(`structure  ${found.structure}`)
            terminal.line(`values     ${found.values}, ${found.badValues} bad`)
            terminal.value(found)
            if (!found.sound) {
              return yield* new StorageError({ operation: "maintain", reason: "damaged" })
            }
          })),
      )
    })

  db.command("compact")
    .description("write the database anew without what it no longer needs")
    .addOption(progressOption())
    .action((_, command: Command) => {
      const options = optionsOf<DbOptions>(command)
      return run(
        options,
        withProgress(options, ({ key, onProgress, path, terminal }) =>
          Effect.gen(function* () {
            const done = yield* compactDatabase({ path, key, onProgress })
            terminal.line(`${done.before} bytes before, ${done.after} now`)
            terminal.value(done)
          })),
      )
    })

  registerInspect(db, run)

  program.addCommand(db)
}
