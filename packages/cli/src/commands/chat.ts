/**
 * `mdk chat`: a conversation at the terminal.
 *
 * @module
 */
import type {
  ArgumentError,
  Event,
  Group,
  GroupError,
  GroupId,
  MessageId,
  ServiceError,
} from "@mdk/core"
import type { Command } from "commander"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
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

/**
 * Shows the last messages of a group and then what happens in it, until interrupted. Each message is
 * shown as received once, also when it comes while the last ones are being read.
 */
export const showConversation = (
  { mdk, terminal }: Session,
  group: GroupId,
): Effect.Effect<void, ArgumentError | GroupError | ServiceError> =>
  Effect.scoped(Effect.gen(function* () {
    const self = mdk.account.publicKey
    const shown = new Set<MessageId>()
    const caughtUp = yield* Deferred.make<void>()
    const show = (event: Event) =>
      Effect.sync(() => {
        if (!concerns(event, group)) return
        if (event._tag === "MessageReceived" && shown.has(event.message.id)) return
        const line = eventLine(event, self)
        if (line !== undefined) terminal.line(line)
      })
    // Subscribed before the page is read: what comes in between waits here.
    const listening = yield* Effect.forkScoped(
      Stream.runForEach(
        mdk.events.live,
        (event) => Effect.andThen(Deferred.await(caughtUp), show(event)),
      ),
      { startImmediately: true },
    )
    const page = yield* mdk.messages.page(group, { limit: 20 })
    for (const message of page.items.toReversed()) {
      shown.add(message.id)
      terminal.line(messageLine(message, self))
    }
    yield* Deferred.succeed(caughtUp, undefined)
    yield* Fiber.join(listening)
  }))

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
            const group = yield* findGroup(mdk, given)
            terminal.note(`${groupName(group)}, ${group.members.length} members; /help for help`)
            const typing = typedLines.pipe(
              Stream.mapEffect((line) => typed(session, group, line)),
              Stream.takeUntil((quit) => quit),
              Stream.runDrain,
            )
            yield* Effect.raceFirst(showConversation(session, group.id), typing)
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
