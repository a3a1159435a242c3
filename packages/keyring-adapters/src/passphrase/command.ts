/**
 * A passphrase from the output of a program, e.g. a password manager.
 *
 * @module
 */
import type { KeyStoreError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { failure } from "../entry/failure.ts"
import { makeFirstLine } from "./first_line.ts"
import { acceptPassphrase, type PassphraseSource } from "./source.ts"

const FAILED = "The passphrase command failed. Run it by hand to see why."

/**
 * Runs a program and takes the first line that it writes, without its line ending.
 *
 * No shell is involved. The program inherits standard input and standard error, so that it can ask
 * the person itself. It is killed when the call is given up. Any other exit code than 0 fails with
 * `unavailable`.
 *
 * @param command the program and its arguments, e.g. `["pass", "show", "chat"]`
 */
export const fromCommand =
  (command: readonly [program: string, ...parameters: ReadonlyArray<string>]): PassphraseSource =>
  () =>
    Effect.callback<Uint8Array, KeyStoreError>((resume) => {
      const [program, ...parameters] = command
      const line = makeFirstLine()
      const fail = (cause?: unknown) =>
        resume(
          Effect.fail(failure("open", { reason: "unavailable", advice: FAILED }, cause)),
        )
      try {
        const child = spawn(program, parameters, {
          stdio: ["inherit", "pipe", "inherit"],
          shell: false,
          windowsHide: true,
        })
        child.stdout.on("data", (chunk: Uint8Array) => {
          line.push(chunk)
        })
        child.on("error", fail)
        child.on("close", (code) => {
          const passphrase = line.take()
          if (code === 0) return resume(Effect.succeed(passphrase))
          passphrase.fill(0)
          fail()
        })
        return Effect.sync(() => {
          child.kill()
        })
      } catch (cause) {
        return fail(cause)
      }
    }).pipe(Effect.flatMap(acceptPassphrase))
