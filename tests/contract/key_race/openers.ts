/**
 * The programs that race, each waiting for its next order.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { OpenAnswer, OpenOrder } from "./opening.ts"
import type { RuntimeProgram } from "./runtime_programs.ts"

/** A running program. */
export interface Opener {
  /** Carries out an order; answers `killed` when the program is gone before it answers. */
  readonly open: (order: OpenOrder) => Promise<OpenAnswer | "killed">
  /** Kills it without a warning. */
  readonly kill: () => void
  /** Ends it and waits until it is gone. */
  readonly end: () => Promise<void>
}

const PROGRAM = fileURLToPath(new URL("./opener.ts", import.meta.url))

/** Starts a program and waits until it is ready. */
export const startOpener = async (
  runtime: RuntimeProgram,
  store: string,
  folder: string,
): Promise<Opener> => {
  const [program, ...before] = runtime.command
  const child: ChildProcess = spawn(program, [...before, PROGRAM, store, folder], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve())
  })
  const waiting: Array<(line: string | undefined) => void> = []
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new Error("no pipes")
  stdin.on("error", () => {})
  createInterface({ input: stdout }).on("line", (line) => waiting.shift()?.(line))
  const next = () => {
    const line = new Promise<string | undefined>((resolve) => {
      waiting.push(resolve)
    })
    return Promise.race([line, gone.then(() => undefined)])
  }
  if (await next() !== "ready") throw new Error(`${runtime.name} did not start`)
  return {
    open: async (order) => {
      const answer = next()
      stdin.write(`${JSON.stringify(order)}\n`)
      const line = await answer
      return line === undefined ? "killed" : JSON.parse(line)
    },
    kill: () => {
      child.kill("SIGKILL")
    },
    end: async () => {
      stdin.end()
      await gone
    },
  }
}
