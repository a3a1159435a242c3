/**
 * `mdk listen` and `mdk history`: what others wrote.
 *
 * @module
 */
import type { GroupId } from "@mdk/core"
import type { Command } from "commander"
import * as Effect from "effect/Effect"
import { eventLine, messageLine, toJson } from "../rendering.ts"
import { findGroup } from "../selection.ts"
import { type GlobalOptions, withAccount } from "../session.ts"
import { optionsOf, type Register, wholeNumber } from "./command_line.ts"

interface ListenOptions {
  readonly all?: boolean
  readonly join?: boolean
  readonly for?: number
}

interface HistoryOptions {
  readonly limit: number
}

/**
 * Under this name the program's place in the events is kept: one for each filter, so that what one of
 * them leaves out is still there for the others.
 */
const consumerOf = (only: GroupId | undefined): string =>
  only === undefined ? "mdk-listen" : `mdk-listen.${only}`

/** Defines `mdk listen` and `mdk history`. */
export const registerListen: Register = (program, run) => {
  program.command("listen")
    .description(
      "print what happens, until Ctrl-C; nothing is lost between two runs for the same group, " +
        "or for all",
    )
    .argument("[group]", "only this group: id, beginning of the id, or name")
    .option("--all", "begin with everything there is when this runs for the first time")
    .option("--join", "accept every invitation")
    .option("--for <seconds>", "end by itself", wholeNumber(1, 86_400))
    .action((given: string | undefined, _, command: Command) => {
      const options = optionsOf<ListenOptions>(command)
      return run(
        options,
        withAccount(
          options,
          { acceptAll: options.join === true },
          ({ mdk, terminal }) =>
            Effect.gen(function* () {
              const only = given === undefined ? undefined : (yield* findGroup(mdk, given)).id
              const self = mdk.account.publicKey
              terminal.note("listening; Ctrl-C ends")
              const consume = mdk.events.consume(consumerOf(only), (event) =>
                Effect.sync(() => {
                  // A gap belongs to no group and concerns all.
                  if (only !== undefined && event.group !== only && event._tag !== "Gap") return
                  const line = eventLine(event, self)
                  if (line !== undefined) terminal.line(line)
                  terminal.value(toJson(event))
                }), { from: options.all === true ? "first" : "now" })
              if (options.for === undefined) return yield* consume
              yield* Effect.timeoutOrElse(consume, {
                duration: options.for * 1000,
                orElse: () => Effect.void,
              })
            }),
        ),
      )
    })

  program.command("history")
    .description("print a group's messages, the oldest first")
    .argument("<group>", "id, beginning of the id, or name")
    .option("--limit <n>", "the newest so many", wholeNumber(1, 500), 50)
    .action((given: string, _, command: Command) => {
      const options = optionsOf<HistoryOptions & GlobalOptions>(command)
      return run(
        options,
        withAccount(options, { offline: true }, ({ mdk, terminal }) =>
          Effect.gen(function* () {
            const group = yield* findGroup(mdk, given)
            const page = yield* mdk.messages.page(group.id, { limit: options.limit })
            for (const message of page.items.toReversed()) {
              terminal.line(messageLine(message, mdk.account.publicKey))
              terminal.value(toJson(message))
            }
          })),
      )
    })
}
