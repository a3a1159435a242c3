/**
 * `mdk db inspect`: what a database file is, never what stands in it.
 *
 * @module
 */
import { KeyStore, StorageError } from "@mdk/core/services"
import { NativeKeyring } from "@mdk/keyring-adapters"
import { inspectDatabase, type Inspected, inspectForeignDatabase } from "@mdk/storage-sqlcipher"
import type { Command } from "commander"
import * as Effect from "effect/Effect"
import * as Options from "effect/Option"
import * as Redacted from "effect/Redacted"
import { existsSync } from "node:fs"
import { CliError } from "../cli_error.ts"
import { withDatabase } from "../database_session.ts"
import { keyFromFile } from "../key_session.ts"
import { printable } from "../printable.ts"
import type { GlobalOptions } from "../session.ts"
import { makeTerminal, type Terminal } from "../terminal.ts"
import { optionsOf, type Register } from "./command_line.ts"

interface InspectOptions extends GlobalOptions {
  readonly keyFile?: string
  readonly serviceId?: string
  readonly keyId?: string
}

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

/** Defines `mdk db inspect`. */
export const registerInspect: Register = (db, run) => {
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
}
