/**
 * Runs a program and collects what it wrote.
 *
 * @module
 */
import { Buffer } from "node:buffer"
import { spawn } from "node:child_process"
import process from "node:process"

/** How a program ended. */
export interface Finished {
  /** Exit code; 124 when the time limit ended it, 127 when it could not be started. */
  readonly code: number
  /** Standard output and standard error in the order in which they arrived. */
  readonly output: string
  /** Standard output alone. */
  readonly stdout: string
}

/** What a program is started with. */
export interface RunOptions {
  /** Working directory. */
  readonly cwd?: string
  /** Added to the environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Milliseconds after which the program is killed; default ten minutes. */
  readonly timeoutMillis?: number
}

/** Runs a program to its end, without standard input. Never rejects. */
export function run(
  program: string,
  args: ReadonlyArray<string>,
  options: RunOptions = {},
): Promise<Finished> {
  return new Promise((resolve) => {
    const env: Record<string, string> = {}
    for (const [name, value] of Object.entries({ ...process.env, ...options.env })) {
      if (value !== undefined) env[name] = value
    }
    const child = spawn(program, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env,
      stdio: ["ignore", "pipe", "pipe"],
    })
    const pieces: Array<Uint8Array> = []
    const stdout: Array<Uint8Array> = []
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill("SIGKILL")
    }, options.timeoutMillis ?? 600_000)
    child.stdout.on("data", (piece: Uint8Array) => {
      pieces.push(piece)
      stdout.push(piece)
    })
    child.stderr.on("data", (piece: Uint8Array) => pieces.push(piece))
    const end = (code: number, last = "") => {
      clearTimeout(timer)
      resolve({ code, output: text(pieces) + last, stdout: text(stdout) })
    }
    child.on("error", (error) => end(127, `${error.message}\n`))
    child.on("close", (code) => late ? end(124, "killed: time limit\n") : end(code ?? 1))
  })
}

function text(pieces: ReadonlyArray<Uint8Array>): string {
  return new TextDecoder().decode(Buffer.concat(pieces))
}
