/**
 * `mdk send`: one message.
 *
 * @module
 */
import type { Command } from "commander"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import process from "node:process"
import { CliError } from "../cli_error.ts"
import { toJson } from "../rendering.ts"
import { findGroup, readMessageId } from "../selection.ts"
import { catchUp, untilPublished, withAccount } from "../session.ts"
import { short } from "../terminal.ts"
import { optionsOf, type Register, timeoutOption } from "./command_line.ts"

interface SendOptions {
  readonly replyTo?: string
  readonly once?: string
  readonly timeout: number
}

const LONGEST = 32_000

/** The text from standard input, without its last line feed. */
const standardInput: Effect.Effect<string, CliError> = Effect.tryPromise({
  try: async () => {
    process.stdin.setEncoding("utf8")
    let text = ""
    for await (const chunk of process.stdin) {
      text += String(chunk)
      if (text.length > LONGEST) break
    }
    return text.replace(/\r?\n$/, "")
  },
  catch: (error) =>
    new CliError({
      reason: "unreadable-file",
      advice: "standard input cannot be read",
      cause: Redacted.make(error),
    }),
})

/** Defines `mdk send`. */
export const registerSend: Register = (program, run) => {
  program.command("send")
    .description("send a message and wait until a relay has it")
    .argument("<group>", "id, beginning of the id, or name")
    .argument("[text...]", "the message; without one, or with -, standard input")
    .option("--reply-to <message>", "id of the message that it answers")
    .option("--once <key>", "two sends under one key are one message")
    .addOption(timeoutOption("how long to wait for a relay"))
    .action((given: string, words: ReadonlyArray<string>, _, command: Command) => {
      const options = optionsOf<SendOptions>(command)
      const fromInput = words.length === 0 || (words.length === 1 && words[0] === "-")
      return run(
        options,
        Effect.gen(function* () {
          const text = fromInput ? yield* standardInput : words.join(" ")
          const replyTo = options.replyTo === undefined
            ? undefined
            : yield* readMessageId(options.replyTo)
          yield* withAccount(options, {}, (session) =>
            Effect.gen(function* () {
              const { mdk, terminal } = session
              const group = yield* findGroup(mdk, given)
              yield* catchUp(session, options.timeout)
              const sent = yield* mdk.messages.send(group.id, text, {
                ...(replyTo === undefined ? {} : { replyTo }),
                ...(options.once === undefined ? {} : { once: options.once }),
              })
              const relays = yield* untilPublished(terminal, sent.published, options.timeout)
              terminal.line(`sent ${short(sent.messageId)} (${relays.accepted} of ${relays.of})`)
              terminal.value(toJson({ message: sent.messageId, group: group.id, relays }))
            }))
        }),
      )
    })
}
