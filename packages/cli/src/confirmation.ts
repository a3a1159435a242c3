/**
 * Questions that only a person may answer with yes.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import process from "node:process"
import { createInterface } from "node:readline"
import { CliError } from "./cli_error.ts"

/**
 * Asks at the terminal; only the whole word `yes` is a yes.
 *
 * Fails with `no-terminal` when there is nobody to ask, and with `cancelled` for every other answer,
 * Ctrl-C and Ctrl-D.
 *
 * @param question what is to be done, as a sentence
 * @param instead what makes the question unnecessary, for instance `--yes`
 */
export const confirm = (question: string, instead: string): Effect.Effect<void, CliError> =>
  Effect.callback((resume) => {
    if (!process.stdin.isTTY) {
      const advice = `there is no terminal to ask at; say ${instead} if this is what you want`
      resume(Effect.fail(new CliError({ reason: "no-terminal", advice })))
      return
    }
    let answered = ""
    const asking = createInterface({ input: process.stdin, output: process.stderr })
    asking.on("close", () => {
      process.stdin.pause()
      resume(
        answered.trim().toLowerCase() === "yes" ? Effect.void : Effect.fail(
          new CliError({ reason: "cancelled", advice: "nothing was changed" }),
        ),
      )
    })
    asking.on("SIGINT", () => asking.close())
    asking.question(`${question}\nType yes to go on: `, (answer) => {
      answered = answer
      asking.close()
    })
    return Effect.sync(() => asking.close())
  })
