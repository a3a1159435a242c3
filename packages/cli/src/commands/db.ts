/**
 * `mdk db`: operations on the database file as a whole.
 *
 * @module
 */
import { encodeHex } from "@mdk/core/codec"
import { KeyStore, type KeyStoreError, StorageError, systemEntropy } from "@mdk/core/services"
import { NativeKeyring } from "@mdk/keyring-adapters"
import {
  backupDatabase,
  compactDatabase,
  encryptDatabase,
  inspectDatabase,
  type Inspected,
  inspectForeignDatabase,
  restoreDatabase,
  verifyDatabase,
  withStoredKey,
} from "@mdk/storage-sqlcipher"
import { Command, Option } from "commander"
import * as Effect from "effect/Effect"
import * as Options from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { existsSync } from "node:fs"
import { CliError } from "../cli_error.ts"
import {
  KEY_STORE_KINDS,
  type KeyStoreKind,
  prepareHome,
  readSettings,
  writeSettings,
} from "../home.ts"
import { keyFromFile, type KeySession, withKeys } from "../key_session.ts"
import { printable } from "../printable.ts"
import { type GlobalOptions, homeOf } from "../session.ts"
import { stepProgress } from "../step_progress.ts"
import { makeTerminal, type Terminal } from "../terminal.ts"
import { optionsOf, type Register } from "./command_line.ts"
import { rotateKey } from "./key.ts"

interface DbOptions extends GlobalOptions {
  readonly progress?: boolean
}

interface RestoreOptions extends DbOptions {
  readonly keyFile?: string
  readonly keyStore: KeyStoreKind
  readonly replace?: boolean
}

interface InspectOptions extends DbOptions {
  readonly keyFile?: string
  readonly serviceId?: string
  readonly keyId?: string
}

const progressOption = () => new Option("--progress", "say every step")

const noDatabase = () =>
  new CliError({ reason: "no-account", advice: "there is no database in this home" })

/** Runs an operation with the stored key of the home's database, which must exist. */
const withDatabase = <A, E>(
  options: GlobalOptions,
  use: (
    session: KeySession & { readonly path: string; readonly key: Redacted.Redacted<Uint8Array> },
  ) => Effect.Effect<A, E, KeyStore | Scope.Scope>,
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
        terminal.note("an older state must not send: mdk does not open such an account by itself")
        terminal.value(restored)
      }))
  })

/** The key for a file that is named: out of a file, or of the platform's credential store. */
const foreignKey = (options: InspectOptions) =>
  Effect.gen(function* () {
    if (options.keyFile !== undefined) return yield* keyFromFile(options.keyFile)
    if (options.serviceId === undefined || options.keyId === undefined) return undefined
    const name = { serviceId: options.serviceId, keyId: options.keyId }
    const key = yield* Effect.flatMap(KeyStore, (store) => store.get(name)).pipe(
      Effect.provide(NativeKeyring.layer),
    )
    if (Options.isNone(key)) {
      return yield* new StorageError({ operation: "maintain", reason: "key-missing" })
    }
    const bytes = Redacted.value(key.value)
    yield* Effect.addFinalizer(() => Effect.sync(() => bytes.fill(0)))
    return key.value
  })

function show(terminal: Terminal, inspected: Inspected): void {
  const { encrypted, format, generation, restored, schemaVersion, settings, sizes, tables } =
    inspected
  terminal.line(`format     ${format}${schemaVersion === undefined ? "" : ` ${schemaVersion}`}`)
  terminal.line(`encrypted  ${encrypted ? "yes" : "NO"}`)
  if (generation !== undefined) terminal.line(`opened     ${generation} times`)
  if (restored !== undefined) terminal.line(`restored   ${restored ? "yes, not caught up" : "no"}`)
  terminal.line(`bytes      ${sizes.main}, log ${sizes.wal}, journal ${sizes.journal}`)
  for (const [name, value] of Object.entries(settings)) {
    terminal.line(`${name.padEnd(16)} ${printable(String(value))}`)
  }
  for (const { kind, name, rows } of tables) {
    terminal.line(`${String(rows ?? kind).padStart(10)}  ${printable(name)}`)
  }
  terminal.value(inspected)
}

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
        withDatabase(options, ({ key, path, terminal }) =>
          Effect.gen(function* () {
            if (existsSync(to)) {
              return yield* new CliError({
                reason: "account-exists",
                advice: "the file for the backup exists already",
              })
            }
            const onProgress = stepProgress(terminal, options.progress === true)
            const done = yield* backupDatabase({ path, key, to, onProgress })
            terminal.line(`wrote ${done.bytes} bytes`)
            terminal.value(done)
          })),
      )
    })

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

  db.command("verify")
    .description("check every page, every index and every value, also while it is in use")
    .addOption(progressOption())
    .action((_, command: Command) => {
      const options = optionsOf<DbOptions>(command)
      return run(
        options,
        withDatabase(options, ({ key, path, terminal }) =>
          Effect.gen(function* () {
            const onProgress = stepProgress(terminal, options.progress === true)
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
        withDatabase(options, ({ key, path, terminal }) =>
          Effect.gen(function* () {
            const onProgress = stepProgress(terminal, options.progress === true)
            const done = yield* compactDatabase({ path, key, onProgress })
            terminal.line(`${done.before} bytes before, ${done.after} now`)
            terminal.value(done)
          })),
      )
    })

  db.command("inspect")
    .description("show tables, counts, settings and sizes; never what stands in them")
    .argument("[file]", "another program's database, which is only read; default: the account's")
    .option("--key-file <file>", "the file's key: exported text or 64 hex characters; - is stdin")
    .option("--service-id <id>", "the file's key in the platform's credential store: application")
    .option("--key-id <id>", "the file's key in the platform's credential store: key")
    .action((file: string | undefined, _, command: Command) => {
      const options = optionsOf<InspectOptions>(command)
      if (file === undefined) {
        return run(
          options,
          withDatabase(
            options,
            ({ key, path, terminal }) =>
              Effect.map(inspectDatabase({ path, key }), (found) => show(terminal, found)),
          ),
        )
      }
      return run(
        options,
        Effect.scoped(Effect.gen(function* () {
          if (!existsSync(file)) {
            return yield* new CliError({
              reason: "unreadable-file",
              advice: "there is no such file",
            })
          }
          const key = yield* foreignKey(options)
          const found = yield* inspectForeignDatabase({
            path: file,
            ...(key === undefined ? {} : { key }),
          })
          show(makeTerminal(options.json === true), found)
        })),
      )
    })

  program.addCommand(db)
}
