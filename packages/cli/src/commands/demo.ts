/**
 * `mdk demo`: the whole journey in one command.
 *
 * @module
 */
import { Command, Option } from "commander"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { CliError } from "../cli_error.ts"
import { demonstrate } from "../demo/conversation.ts"
import { demoMember } from "../demo/member.ts"
import { homeAt, KEY_STORE_KINDS, type KeyStoreKind, prepareHome } from "../home.ts"
import { readRelays } from "../selection.ts"
import type { GlobalOptions } from "../session.ts"
import { makeTerminal } from "../terminal.ts"
import { optionsOf, type Register } from "./command_line.ts"

interface DemoOptions extends GlobalOptions {
  readonly keep?: string
  readonly keyStore: KeyStoreKind
}

/** A folder of the demo's own: the one that was named and stays, or one that goes at the end. */
const folder = (keep: string | undefined) =>
  keep === undefined
    ? Effect.acquireRelease(
      Effect.try({
        try: () => mkdtempSync(join(tmpdir(), "mdk-demo-")),
        catch: (error) =>
          new CliError({
            reason: "unsafe-home",
            advice: "no folder for the demo can be made",
            cause: Redacted.make(error),
          }),
      }),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true })),
    )
    : Effect.gen(function* () {
      const home = homeAt(resolve(keep))
      yield* prepareHome(home)
      if (readdirSync(home.folder).length > 0) {
        return yield* new CliError({
          reason: "account-exists",
          advice: "the folder given with --keep is not empty",
        })
      }
      return home.folder
    })

/** Defines `mdk demo`. */
export const registerDemo: Register = (program, run) => {
  program.command("demo")
    .description("three people, three processes, three encrypted databases, one conversation")
    .option("--keep <dir>", "leave the databases there and print how to open them")
    .addOption(
      new Option("--key-store <kind>", "where the database keys are kept")
        .choices([...KEY_STORE_KINDS]).default("wrapped-file"),
    )
    .addHelpText(
      "after",
      `
Starts a relay on loopback (--relay uses another one) and shows what happens:
who does what, what each member reads, what the relay saw, and how the
databases lie on disk. Ends by itself.`,
    )
    .action((_, command: Command) => {
      const options = optionsOf<DemoOptions>(command)
      return run(
        options,
        Effect.scoped(Effect.gen(function* () {
          const [relay] = yield* readRelays(options.relay ?? [])
          yield* demonstrate(makeTerminal(options.json === true), {
            folder: yield* folder(options.keep),
            keep: options.keep !== undefined,
            keyStore: options.keyStore,
            ...(relay === undefined ? {} : { relay }),
          })
        })),
      )
    })

  program.addCommand(
    new Command("demo-member")
      .description("one member of the demo; started by it")
      .action((_, command: Command) => run(optionsOf<GlobalOptions>(command), demoMember)),
    { hidden: true },
  )
}
