/**
 * Runs a command to its end: signals interrupt it, failures become one line and an exit code.
 *
 * @module
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import process from "node:process"
import { type CommandFailure, keyStoreFailure } from "./command_failure.ts"
import { errorLine } from "./error_line.ts"
import { exitCodeOf, INTERRUPTED, UNEXPECTED } from "./exit_code.ts"
import type { Terminal } from "./terminal.ts"

/** Runs a command; the result is the exit code. Never rejects. */
export async function runCommand(
  terminal: Terminal,
  command: Effect.Effect<unknown, CommandFailure>,
): Promise<number> {
  // The library logs counters and reasons only; this program has its own voice.
  const fiber = Effect.runFork(Effect.provide(command, Logger.layer([])))
  let signalled = false
  const interrupt = () => {
    // Twice means: at once, whatever is lost.
    if (signalled) process.exit(INTERRUPTED)
    signalled = true
    Effect.runFork(Fiber.interrupt(fiber))
  }
  const signals = ["SIGINT", "SIGTERM"] as const
  for (const signal of signals) process.on(signal, interrupt)
  const exit = await Effect.runPromise(Fiber.await(fiber))
  for (const signal of signals) process.off(signal, interrupt)
  return report(terminal, exit)
}

/** Says what happened, on one line, and gives the exit code. */
export function report(terminal: Terminal, exit: Exit.Exit<unknown, CommandFailure>): number {
  if (Exit.isSuccess(exit)) return 0
  const found = Cause.findErrorOption(exit.cause)
  if (Option.isSome(found)) {
    const failure = keyStoreFailure(found.value)
    const { _tag, reason } = failure
    const message = errorLine(failure)
    terminal.note(
      terminal.json ? JSON.stringify({ error: { _tag, reason, message } }) : `mdk: ${message}`,
    )
    return exitCodeOf(failure)
  }
  if (Cause.hasInterrupts(exit.cause) && !Cause.hasDies(exit.cause)) return INTERRUPTED
  // Neither message nor fields: nobody knows what a foreign error holds.
  const name = nameOfDefect(exit.cause)
  const message = `an unexpected fault of the program (${name}); please report it`
  terminal.note(
    terminal.json
      ? JSON.stringify({ error: { _tag: "Defect", reason: name, message } })
      : `mdk: ${message}`,
  )
  return UNEXPECTED
}

function nameOfDefect(cause: Cause.Cause<unknown>): string {
  const defect = Cause.squash(cause)
  if (!(defect instanceof Error)) return "not an error"
  const frame = /\/(packages\/[\w./-]+:\d+):\d+/.exec(defect.stack ?? "")?.[1]
  return frame === undefined ? defect.name : `${defect.name} at ${frame}`
}
