/**
 * `mdk db restore`: putting a backup in the place of the database.
 *
 * @module
 */
import { encodeHex } from "@mdk/core/codec"
import { systemEntropy } from "@mdk/core/services"
import { restoreDatabase, withStoredKey } from "@mdk/storage-sqlcipher"
import { type Command, Option } from "commander"
import * as Effect from "effect/Effect"
import * as Options from "effect/Option"
import * as Redacted from "effect/Redacted"
import { existsSync } from "node:fs"
import { CliError } from "../cli_error.ts"
import {
  KEY_STORE_KINDS,
  type KeyStoreKind,
  prepareHome,
  readSettings,
  writeSettings,
} from "../home.ts"
import { keyFromFile, withKeys } from "../key_session.ts"
import { type GlobalOptions, homeOf } from "../session.ts"
import { stepProgress } from "../step_progress.ts"
import { optionsOf, progressOption, type Register } from "./command_line.ts"

interface RestoreOptions extends GlobalOptions {
  readonly keyFile?: string
  readonly keyStore: KeyStoreKind
  readonly progress?: boolean
  readonly replace?: boolean
}

const restore = (options: RestoreOptions, from: string) =>
  Effect.gen(function* () {
    const home = homeOf(options)
    if (!existsSync(from)) {
      return yield* new CliError({ reason: "unreadable-file", advice: "there is no such backup" })
    }
    const settings = yield* Effect.option(readSettings(home))
    if (Options.isNone(settings)) {
      if (options.keyFile === undefined) {
        return yield* new CliError({
          reason: "usage",
          advice: "this home has no key yet; give the backup's with --key-file (mdk key export)",
        })
      }
      yield* prepareHome(home)
      const keyId = `mdk.db.key.${encodeHex(systemEntropy.bytes(8))}`
      yield* writeSettings(home, { version: 1, keyStore: options.keyStore, keyId })
    }
    yield* withKeys(options, ({ name, store, terminal }) =>
      Effect.gen(function* () {
        const path = home.database
        if (existsSync(path) && options.replace !== true) {
          return yield* new CliError({
            reason: "account-exists",
            advice: "there is a database here; with --replace it is given up for the backup",
          })
        }
        const backupKey = options.keyFile === undefined
          ? undefined
          : yield* keyFromFile(options.keyFile)
        if (backupKey !== undefined && !existsSync(path)) {
          const { key } = yield* store.createIfAbsent(name, backupKey)
          Redacted.value(key).fill(0)
        }
        const restored = yield* withStoredKey({ path, ...name }, (key) =>
          restoreDatabase({
            path,
            key,
            from,
            backend: store.backend,
            replaceExisting: options.replace === true,
            onProgress: stepProgress(terminal, options.progress === true),
            ...(backupKey === undefined ? {} : { backupKey }),
          }))
        terminal.line(`restored ${restored.bytes} bytes`)
        terminal.note("an older state must not send; to use it again: mdk account reopen")
        terminal.value(restored)
      }))
  })

/** Defines `mdk db restore`. */
export const registerRestore: Register = (db, run) => {
  db.command("restore")
    .description("put a backup in the place of the database")
    .argument("<file>", "the backup")
    .option(
      "--key-file <file>",
      "the backup's key, as mdk key export wrote it; - is standard input",
    )
    .option("--replace", "give up the database that is there")
    .addOption(
      new Option("--key-store <kind>", "where the key of a new home is kept")
        .choices([...KEY_STORE_KINDS]).default("wrapped-file"),
    )
    .addOption(progressOption())
    .action((from: string, _, command: Command) => {
      const options = optionsOf<RestoreOptions>(command)
      return run(options, restore(options, from))
    })
}
