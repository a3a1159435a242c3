/**
 * `mdk chat`: a conversation at the terminal.
 *
 * @module
 */
import type { Event, Group, GroupId } from "@mdk/core"
import type { Command } from "commander"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import process from "node:process"
import { createInterface } from "node:readline"
import { errorLine } from "../error_line.ts"
import { eventLine, groupName, messageLine, person } from "../rendering.ts"
import { findGroup } from "../selection.ts"
import { type GlobalOptions, type Session, withAccount } from "../session.ts"
import { optionsOf, type Register } from "./command_line.ts"

const HELP = [
  "type a line to send it",
  "  /who     who is in the group",
  "  /relays  how the connections are",
  "  /quit    leave (so does Ctrl-D)",
]

/** Lines that are typed, until the input ends. */
const typedLines: Stream.Stream<string> = Stream.callback<string>((queue) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const terminal = process.stdin.isTTY && process.stdout.isTTY
      const lines = createInterface({ input: process.stdin, output: process.stdout, terminal })
      lines.on("line", (line) => Queue.offerUnsafe(queue, line))
      lines.on("close", () => Effect.runFork(Queue.end(queue)))
      // In raw mode the terminal hands Ctrl-C to readline instead of raising the signal.
      lines.on("SIGINT", () => lines.close())
      return lines
    }),
    (lines) => Effect.sync(() => lines.close()),
  )
)

const concerns = (event: Event, group: GroupId): boolean =>
  event.group === group && event._tag !== "SendChanged"

/** One line that was typed. True ends the chat. */
const typed = (
  { mdk, terminal }: Session,
  group: Group,
  line: string,
): Effect.Effect<boolean, never> =>
  Effect.gen(function* () {
    const text = line.trim()
    switch (text) {
      case "":
        return false
      case "/quit":
        return true
      case "/help":
        for (const help of HELP) terminal.note(help)
        return false
      case "/who": {
        const { members } = yield* mdk.groups.get(group.id)
        terminal.note(members.map((member) => person(member, mdk.account.publicKey)).join("  "))
        return false
      }
      case "/relays": {
        const status = yield* Stream.runHead(mdk.status)
        if (status._tag === "Some") {
          for (const [relay, state] of status.value.relays) terminal.note(`${relay}  ${state}`)
        }
        return false
      }
    }
    if (text.startsWith("/") && !text.startsWith("//")) {
      terminal.note("there is no such command; /help lists them")
      return false
    }
    yield* mdk.messages.send(group.id, text.startsWith("//") ? text.slice(1) : text)
    return false
  }).pipe(
    Effect.catch((failure) =>
      Effect.as(Effect.sync(() => terminal.note(errorLine(failure))), false)
    ),
  )

/** Defines `mdk chat`. */
export const registerChat: Register = (program, run) => {
  program.command("chat")
    .description("talk in a group")
    .argument("<group>", "id, beginning of the id, or name")
    .action((given: string, _, command: Command) => {
      const options = optionsOf<GlobalOptions>(command)
      return run(
        options,
        withAccount(options, {}, (session) =>
          Effect.gen(function* () {
            const { mdk, terminal } = session
            const self = mdk.account.publicKey
            const group = yield* findGroup(mdk, given)
            terminal.note(`${groupName(group)}, ${group.members.length} members; /help for help`)
            const page = yield* mdk.messages.page(group.id, { limit: 20 })
            for (const message of page.items.toReversed()) {
              terminal.line(messageLine(message, self))
            }
            const listening = Stream.runForEach(mdk.events.live, (event) =>
              Effect.sync(() => {
                if (!concerns(event, group.id)) return
                const line = eventLine(event, self)
                if (line !== undefined) terminal.line(line)
              }))
            const typing = typedLines.pipe(
              Stream.mapEffect((line) => typed(session, group, line)),
              Stream.takeUntil((quit) => quit),
              Stream.runDrain,
            )
            yield* Effect.raceFirst(listening, typing)
            yield* unsent(session)
          })),
      )
    })
}

/** Says what still waits for a relay when the chat ends; it goes out at the next start. */
const unsent = ({ mdk, terminal }: Session) =>
  Effect.gen(function* () {
    const report = yield* mdk.sync({ timeout: "2 seconds" })
    if (report.unsent > 0) {
      terminal.note(`${report.unsent} messages wait for a relay; they go out at the next start`)
    }
  }).pipe(
    Effect.catchCause((cause) => Cause.hasDies(cause) ? Effect.failCause(cause) : Effect.void),
  )
