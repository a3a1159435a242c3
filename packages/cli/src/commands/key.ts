/**
 * `mdk key`: the key of the database.
 *
 * @module
 */
import {
  KEY_LENGTH,
  type KeyStoreError,
  type StorageError,
  systemEntropy,
} from "@mdk/core/services"
import { KeyRecovery, KeyRotation, WrappedFile } from "@mdk/keyring-adapters"
import {
  adoptKeyStore,
  inspectDatabase,
  rekeyDatabase,
  withStoredKey,
} from "@mdk/storage-sqlcipher"
import { Command, Option } from "commander"
import * as Effect from "effect/Effect"
import * as Options from "effect/Option"
import * as Redacted from "effect/Redacted"
import { existsSync } from "node:fs"
import process from "node:process"
import { CliError } from "../cli_error.ts"
import { noDatabase } from "../database_session.ts"
import { isCode, KEY_STORE_KINDS, type KeyStoreKind } from "../home.ts"
import { openKeyStore, withKeys } from "../key_session.ts"
import { passphraseFor } from "../passphrase.ts"
import { writeRecoveryFile } from "../recovery_file.ts"
import type { GlobalOptions } from "../session.ts"
import { replaceSettings } from "../settings_change.ts"
import { stepProgress } from "../step_progress.ts"
import { optionsOf, progressOption, type Register } from "./command_line.ts"

interface RotateOptions extends GlobalOptions {
  readonly progress?: boolean
}

interface ExportOptions extends GlobalOptions {
  readonly revealKey?: boolean
  readonly to?: string
}

interface MigrateOptions extends GlobalOptions {
  readonly from?: KeyStoreKind
  readonly to: KeyStoreKind
}

interface PassphraseOptions extends GlobalOptions {
  readonly newPassphraseFile?: string
}

/** Encrypts the database with a new key; at no moment is the only working key lost. */
export const rotateKey = (
  options: RotateOptions,
): Effect.Effect<void, CliError | KeyStoreError | StorageError> =>
  withKeys(options, ({ home, name, store, terminal }) =>
    Effect.gen(function* () {
      const path = home.database
      if (!existsSync(path)) return yield* noDatabase()
      const onProgress = stepProgress(terminal, options.progress === true)
      // What would refuse the rotation does so here, before the next key is stored: a database that is
      // in use or damaged, another key. Given one key twice, this changes nothing.
      yield* withStoredKey(
        { path, ...name },
        (key) => rekeyDatabase({ path, current: key, next: key }),
      )
      const fresh = Redacted.make(systemEntropy.bytes(KEY_LENGTH), { label: "key" })
      // One that was interrupted is finished instead, with its own key.
      yield* KeyRotation.rotate(
        store,
        name,
        fresh,
        ({ current, next }) => Effect.asVoid(rekeyDatabase({ path, current, next, onProgress })),
      ).pipe(Effect.ensuring(Effect.sync(() => Redacted.value(fresh).fill(0))))
      terminal.line("the database has a new key; backups made before need the old one")
      terminal.value({ rotated: true })
    }))

const status = (options: GlobalOptions) =>
  withKeys(options, ({ home, name, settings, store, terminal }) =>
    Effect.gen(function* () {
      const found = yield* store.get(name)
      const staged = yield* store.get(KeyRotation.stagedName(name))
      for (const key of [found, staged]) {
        if (Options.isSome(key)) Redacted.value(key.value).fill(0)
      }
      const hasDatabase = existsSync(home.database)
      const opens = !hasDatabase || Options.isNone(found) ? undefined : yield* withStoredKey(
        { path: home.database, ...name },
        (key) => inspectDatabase({ path: home.database, key }),
      ).pipe(
        Effect.as("yes"),
        Effect.catchTag("StorageError", ({ reason }) => Effect.succeed(reason)),
      )
      const answer = {
        keyStore: settings.keyStore,
        backend: store.backend,
        key: Options.isSome(found) ? "present" : "missing",
        database: hasDatabase ? "present" : "missing",
        opens,
        rotationUnderWay: Options.isSome(staged),
      }
      terminal.line(`key store  ${answer.keyStore} (${answer.backend})`)
      terminal.line(`key        ${answer.key}`)
      terminal.line(`database   ${answer.database}`)
      if (opens !== undefined) terminal.line(`opens it   ${opens}`)
      if (answer.rotationUnderWay) {
        terminal.line("a rotation was interrupted; mdk key rotate finishes it")
      }
      terminal.value(answer)
    }))

const exportKey = (options: ExportOptions) =>
  withKeys(options, ({ name, store, terminal }) =>
    Effect.gen(function* () {
      if (options.revealKey !== true) {
        return yield* new CliError({
          reason: "usage",
          advice: "whoever has this key and the database reads everything; say --reveal-key",
        })
      }
      const exported = yield* Effect.acquireRelease(
        KeyRecovery.exportKey(store, name, { revealKey: true }),
        (text) => Effect.sync(() => Redacted.value(text).fill(0)),
      )
      yield* writeKey(Redacted.value(exported), options.to)
      if (options.to !== undefined) {
        terminal.line("wrote the key; keep it apart from the database")
        terminal.value({ exported: true })
      }
    }))

const writeKey = (text: Uint8Array, to: string | undefined) =>
  Effect.try({
    try: () => {
      if (to === undefined) process.stdout.write(`${new TextDecoder().decode(text)}\n`)
      else writeRecoveryFile(to, text)
    },
    catch: (error) =>
      new CliError({
        reason: isCode(error, "EEXIST") ? "account-exists" : "unreadable-file",
        advice: isCode(error, "EEXIST")
          ? "the file for the key exists already"
          : "the file for the key cannot be written",
        cause: Redacted.make(error),
      }),
  })

/**
 * Copies the key, lets the record beside the database and then the settings name the new store, and
 * only then deletes it where it was. Repeating it finishes what was interrupted.
 */
const migrate = (options: MigrateOptions) =>
  withKeys({ ...options }, ({ home, name, settings, terminal }) =>
    Effect.gen(function* () {
      const from = options.from ?? settings.keyStore
      if (from === options.to) {
        return yield* new CliError({ reason: "usage", advice: "the key is in that store already" })
      }
      const source = yield* openKeyStore(options, home, from)
      const target = yield* openKeyStore(options, home, options.to)
      const copied = yield* KeyRecovery.migrate(source, target, name, { keepSource: true })
      const key = yield* target.get(name)
      if (Options.isSome(key) && existsSync(home.database)) {
        const { backend } = target
        yield* adoptKeyStore({ path: home.database, key: key.value, backend }).pipe(
          Effect.ensuring(Effect.sync(() => Redacted.value(key.value).fill(0))),
        )
      }
      yield* replaceSettings(home, { ...settings, keyStore: options.to })
      const { deleted } = yield* KeyRecovery.migrate(source, target, name)
      terminal.line(`the key is in the key store ${options.to} now`)
      terminal.value({ keyStore: options.to, copied: copied.copied, deleted })
    }))

const changePassphrase = (options: PassphraseOptions) =>
  withKeys(options, ({ home, settings, terminal }) =>
    Effect.gen(function* () {
      if (settings.keyStore !== "wrapped-file") {
        return yield* new CliError({
          reason: "usage",
          advice: "the key is in the platform's store, which has no passphrase of ours",
        })
      }
      const keys = yield* WrappedFile.changePassphrase({
        directory: home.keys,
        current: yield* passphraseFor("wrapped-file", options.passphraseFile),
        next: yield* passphraseFor("wrapped-file", options.newPassphraseFile),
      })
      terminal.line(`${keys} ${keys === 1 ? "key has" : "keys have"} the new passphrase`)
      terminal.value({ keys })
    }))

const kindOption = (flags: string, description: string) =>
  new Option(flags, description).choices([...KEY_STORE_KINDS])

/** Defines `mdk key`. */
export const registerKey: Register = (program, run) => {
  const key = new Command("key").description("the key of the database and the store that holds it")

  key.command("status")
    .description("show where the key is and whether it opens the database, also while in use")
    .action((_, command: Command) => {
      const options = optionsOf<GlobalOptions>(command)
      return run(options, status(options))
    })

  key.command("rotate")
    .description("encrypt the database with a new key")
    .addOption(progressOption())
    .action((_, command: Command) => {
      const options = optionsOf<RotateOptions>(command)
      return run(options, rotateKey(options))
    })

  key.command("export")
    .description(
      "write the key down for recovery; whoever has it and the database reads everything",
    )
    .option("--reveal-key", "yes, take it out of its store")
    .option("--to <file>", "a new file, mode 0600; else standard output")
    .action((_, command: Command) => {
      const options = optionsOf<ExportOptions>(command)
      return run(options, exportKey(options))
    })

  key.command("migrate")
    .description("move the key to another key store")
    .addOption(kindOption("--to <kind>", "the new store").makeOptionMandatory())
    .addOption(kindOption("--from <kind>", "the old store; default: the one in use"))
    .action((_, command: Command) => {
      const options = optionsOf<MigrateOptions>(command)
      return run(options, migrate(options))
    })

  key.command("passphrase")
    .description("change the passphrase of the wrapped keys")
    .option("--new-passphrase-file <file>", "the new one; else it is asked for")
    .action((_, command: Command) => {
      const options = optionsOf<PassphraseOptions>(command)
      return run(options, changePassphrase(options))
    })

  program.addCommand(key)
}
