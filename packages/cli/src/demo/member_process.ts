/**
 * A member of the demo, seen from the demo: a child process of the same runtime.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import process from "node:process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { CliError } from "../cli_error.ts"
import type { CommandFailure } from "../command_failure.ts"
import type { AnswerLine, Answers, Request } from "./member_protocol.ts"

/** A running member. */
export interface MemberProcess {
  /** Process id. */
  readonly pid: number
  /** Asks for something and waits for the answer. */
  readonly ask: <R extends Request>(
    request: R,
  ) => Effect.Effect<Answers[R["do"]], CommandFailure>
}

const PATIENCE = "2 minutes"

/** The arguments with which this very program is started again under the same runtime. */
export function selfArguments(
  versions: Readonly<Record<string, string | undefined>> = process.versions,
): ReadonlyArray<string> {
  const entry = new URL("../main.ts", import.meta.url)
  const isFile = entry.protocol === "file:"
  const program = isFile ? fileURLToPath(entry) : entry.href
  if (versions["deno"] === undefined) return [...process.execArgv, program]
  // In a checkout every process of Deno would make the links of node_modules anew, under the others' feet.
  const links = isFile ? ["--node-modules-dir=manual"] : []
  return ["run", "--quiet", ...links, "-A", program]
}

const gone = (): CliError =>
  new CliError({ reason: "demo-failed", advice: "a member of the demo ended unexpectedly" })

/** Starts a member; with the scope its input ends, and when that does not help it is killed. */
export const startMember: Effect.Effect<MemberProcess, CliError, Scope.Scope> = Effect.gen(
  function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [...selfArguments(), "demo-member"], {
          stdio: ["pipe", "pipe", "inherit"],
        })
      ),
      (started) => stop(started),
    )
    if (child.pid === undefined || child.stdin === null || child.stdout === null) {
      return yield* gone()
    }
    const { pid, stdin, stdout } = child
    const waiting = new Map<number, (line: AnswerLine | undefined) => void>()
    let ended = false
    let last = 0
    // Writing to a member that is gone is told by its exit, not by this.
    stdin.on("error", () => {})
    createInterface({ input: stdout }).on("line", (text) => {
      const line: AnswerLine = JSON.parse(text)
      waiting.get(line.id)?.(line)
      waiting.delete(line.id)
    })
    child.on("close", () => {
      ended = true
      for (const resolve of waiting.values()) resolve(undefined)
      waiting.clear()
    })

    const ask = <R extends Request>(request: R): Effect.Effect<Answers[R["do"]], CommandFailure> =>
      Effect.callback<Answers[R["do"]], CommandFailure>((resume) => {
        if (ended) return resume(Effect.fail(gone()))
        last += 1
        const id = last
        waiting.set(id, (line) =>
          resume(
            line === undefined
              ? Effect.fail(gone())
              : "failure" in line
              ? Effect.fail(line.failure)
              : Effect.succeed(line.answer as Answers[R["do"]]),
          ))
        stdin.write(`${JSON.stringify({ id, request })}\n`)
        return Effect.sync(() => waiting.delete(id))
      }).pipe(
        Effect.timeoutOrElse({ duration: PATIENCE, orElse: () => Effect.fail(gone()) }),
      )
    return { pid, ask }
  },
)

const stop = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    const timer = setTimeout(() => child.kill("SIGKILL"), 5000)
    child.on("close", () => {
      clearTimeout(timer)
      resume(Effect.void)
    })
    child.stdin?.end()
  })
