/**
 * How secrets enter: at a prompt that does not show them, from standard input or from a file. Never
 * as an argument, because arguments are visible to every process on the machine.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { readFile } from "node:fs/promises"
import process from "node:process"
import { CliError } from "./cli_error.ts"

const LONGEST = 8192

const refused = (reason: "no-terminal" | "cancelled" | "unreadable-file", advice: string) =>
  new CliError({ reason, advice })

/**
 * Asks at the terminal without showing what is typed.
 *
 * Fails with `no-terminal` when standard input is not one and with `cancelled` on Ctrl-C or Ctrl-D.
 */
export const askHidden = (
  question: string,
): Effect.Effect<Redacted.Redacted<string>, CliError> =>
  Effect.callback((resume) => {
    const input = process.stdin
    if (!input.isTTY) {
      resume(Effect.fail(refused("no-terminal", `${question}: there is no terminal to ask at`)))
      return
    }
    process.stderr.write(`${question}: `)
    let typed = ""
    const stop = () => {
      input.off("data", listen)
      input.setRawMode(false)
      input.pause()
      process.stderr.write("\n")
    }
    const end = (result: Effect.Effect<Redacted.Redacted<string>, CliError>) => {
      stop()
      resume(result)
    }
    const listen = (chunk: Uint8Array | string) => {
      for (const character of typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk)) {
        if (character === "\r" || character === "\n") {
          return end(Effect.succeed(Redacted.make(typed)))
        }
        if (character === "\u0003" || (character === "\u0004" && typed === "")) {
          return end(Effect.fail(refused("cancelled", "cancelled")))
        }
        if (character === "\u007f" || character === "\b") typed = [...typed].slice(0, -1).join("")
        else if (character >= " " && typed.length < LONGEST) typed += character
      }
    }
    input.setRawMode(true)
    input.on("data", listen)
    input.resume()
    return Effect.sync(stop)
  })

/** Everything that standard input holds, up to a bound. */
const readStandardInput = async (): Promise<Uint8Array> => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  for await (const chunk of process.stdin) {
    const bytes: Uint8Array = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk
    chunks.push(bytes)
    size += bytes.length
    if (size > LONGEST) break
  }
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
    chunk.fill(0)
  }
  return all
}

/**
 * The first line of a file (`-` is standard input), without its ending.
 *
 * Fails with `unreadable-file` when it cannot be read, is empty or is longer than 8 KiB.
 */
export const readSecretLine = (
  path: string,
): Effect.Effect<Redacted.Redacted<string>, CliError> =>
  Effect.tryPromise({
    try: async () => {
      const bytes = path === "-" ? await readStandardInput() : await readFile(path)
      const line = new TextDecoder().decode(bytes).split(/\r\n|\r|\n/, 1)[0] ?? ""
      const size = bytes.length
      bytes.fill(0)
      if (line === "" || size > LONGEST) throw new RangeError("no single line")
      return Redacted.make(line)
    },
    catch: (error) =>
      new CliError({
        reason: "unreadable-file",
        advice: path === "-"
          ? "standard input does not hold one line with a secret"
          : "the file that was named does not hold one line with a secret, or cannot be read",
        cause: Redacted.make(error),
      }),
  })
