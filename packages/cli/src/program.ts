/**
 * The command line of `mdk`.
 *
 * @module
 */
import { Command, CommanderError } from "commander"
import process from "node:process"
import { registerAccount } from "./commands/account.ts"
import { registerChat } from "./commands/chat.ts"
import type { Runner } from "./commands/command_line.ts"
import { registerDb } from "./commands/db.ts"
import { registerDemo } from "./commands/demo.ts"
import { registerGroup } from "./commands/group.ts"
import { registerKey } from "./commands/key.ts"
import { registerListen } from "./commands/listen.ts"
import { registerRelay } from "./commands/relay.ts"
import { registerSend } from "./commands/send.ts"
import { defaultHome } from "./home.ts"
import { runCommand } from "./run_command.ts"
import { makeTerminal } from "./terminal.ts"

const USAGE = 64

const collect = (
  value: string,
  before: ReadonlyArray<string> | undefined,
): ReadonlyArray<string> => [
  ...(before ?? []),
  value,
]

const EXIT_CODES = `
Exit codes: 0 done, 64 usage, 65 malformed or damaged, 66 not found, 69 no relay
or store reached, 70 fault of the program, 73 exists already or unsafe place,
74 disk, 75 in use by another process, 76 refused by the others, 77 wrong key or
not allowed, 78 runtime or format will not do, 130 interrupted.`

/** Builds the command line; `run` gets the effect of the command that was called. */
export function commandLine(run: Runner): Command {
  const program = new Command("mdk")
    .description("end-to-end encrypted group messaging: MLS over Nostr")
    .option("--home <dir>", "folder of the account", defaultHome())
    .option("--relay <url>", "relay; may be given several times", collect)
    .option("--passphrase-file <file>", "passphrase of the database key; else it is asked for")
    .option("--json", "results as JSON, one value per line")
    .helpCommand(true)
    .showHelpAfterError("(mdk --help lists the commands)")
    .addHelpText("after", EXIT_CODES)
  for (
    const register of [
      registerDemo,
      registerAccount,
      registerGroup,
      registerSend,
      registerListen,
      registerChat,
      registerRelay,
      registerDb,
      registerKey,
    ]
  ) register(program, run)
  settle(program)
  return program
}

/** Commands that were built apart do not inherit these settings. */
function settle(command: Command): void {
  command.exitOverride().configureOutput({
    writeErr: (text) => process.stderr.write(withoutSecrets(text)),
  })
  for (const child of command.commands) settle(child)
}

/** The parser repeats what it did not understand; a secret key must not stay on the screen. */
function withoutSecrets(text: string): string {
  const masked = text.replace(/n(sec|cryptsec)1[a-z0-9]+|[0-9a-f]{64}/gi, "(hidden)")
  return masked.includes("(hidden)")
    ? `${masked}A secret key is never an argument; one that was given is to be treated as exposed.\n`
    : masked
}

/** Runs the program; the result is its exit code. Never rejects. */
export async function main(args: ReadonlyArray<string>): Promise<number> {
  let code = 0
  const program = commandLine(async (options, command) => {
    code = await runCommand(makeTerminal(options.json === true), command)
  })
  try {
    await program.parseAsync([...args], { from: "user" })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : USAGE
  } finally {
    process.stdin.pause()
  }
  return code
}
