/**
 * `mdk listen` and `mdk history`: what was written.
 *
 * @module
 */
import type { GroupId } from "@mdk/core"
import type { Command } from "commander"
import * as Effect from "effect/Effect"
import { eventLine, groupName, messageLine, toJson } from "../rendering.ts"
import { all, findGroup } from "../selection.ts"
import { type GlobalOptions, type Session, withAccount } from "../session.ts"
import { short } from "../terminal.ts"
import { optionsOf, type Register, wholeNumber } from "./command_line.ts"

interface ListenOptions {
  readonly all?: boolean
  readonly join?: boolean
  readonly for?: number
}

interface HistoryOptions {
  readonly limit: number
  readonly search?: string
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
    .description("print messages, the oldest first")
    .argument("[group]", "only this group: id, beginning of the id, or name")
    .option("--limit <n>", "the newest so many", wholeNumber(1, 500), 50)
    .option("--search <words>", "only messages that have all of these words, whole, in any order")
    .action((given: string | undefined, _, command: Command) => {
      const options = optionsOf<HistoryOptions & GlobalOptions>(command)
      return run(
        options,
        withAccount(options, { offline: true }, (session) => printHistory(session, given, options)),
      )
    })
}

const printHistory = Effect.fnUntraced(function* (
  { mdk, terminal }: Session,
  given: string | undefined,
  { limit, search }: HistoryOptions,
) {
  const only = given === undefined ? undefined : yield* findGroup(mdk, given)
  const groups = only === undefined ? yield* all(mdk.groups.page) : [only]
  const page = yield* mdk.messages.page(only?.id ?? "all", {
    limit,
    ...(search === undefined ? {} : { where: { text: search } }),
  })
  const names = new Map(groups.map((group) => [group.id, groupName(group)]))
  for (const message of page.items.toReversed()) {
    const where = only === undefined ? `${names.get(message.group) ?? short(message.group)}  ` : ""
    terminal.line(`${where}${messageLine(message, mdk.account.publicKey)}`)
    terminal.value(toJson(message))
  }
  if (search === undefined) return
  if (page.items.length === 0) terminal.note("no message has these words")
  if (page.older !== undefined) terminal.note("older messages have them too; see --limit")
})
