/**
 * What the command definitions share: the runner, common options and argument readers.
 *
 * @module
 */
import type { Command } from "commander"
import { InvalidArgumentError, Option } from "commander"
import type * as Effect from "effect/Effect"
import type { CommandFailure } from "../command_failure.ts"
import type { GlobalOptions } from "../session.ts"

/** Runs the effect of a command; the exit code is kept for the end of the program. */
export type Runner = (
  options: GlobalOptions,
  command: Effect.Effect<unknown, CommandFailure>,
) => Promise<void>

/** Adds one command (with its subcommands) to the program. */
export type Register = (program: Command, run: Runner) => void

/** All options of a command and of the program around it. */
export const optionsOf = <A extends object>(command: Command): A & GlobalOptions =>
  command.optsWithGlobals<A & GlobalOptions>()

/** Reads a whole number in a range. */
export const wholeNumber = (least: number, most: number) => (text: string): number => {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < least || number > most) {
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`)
  }
  return number
}

/** `--progress`. */
export const progressOption = (): Option => new Option("--progress", "say every step")

/** `--timeout`, in seconds. */
export const timeoutOption = (what: string): Option =>
  new Option("--timeout <seconds>", what).default(15).argParser(wholeNumber(1, 3600))
