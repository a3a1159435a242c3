/**
 * Runs the program in a process of its own, under the runtime of the test.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { selfArguments } from "../src/demo/member_process.ts"

/** How a run ended. */
export interface Ended {
  /** Exit code. */
  readonly status: number | null
  /** Standard output. */
  readonly stdout: string
  /** Standard error. */
  readonly stderr: string
}

/** A run that goes on. */
export interface Running {
  /** The process. */
  readonly child: ChildProcess
  /** Its end. */
  readonly ended: Promise<Ended>
  /** Waits until standard output or standard error holds a text; rejects when it ends before. */
  readonly says: (text: string) => Promise<void>
}

/** Starts the program; the input is written and closed when it is given. */
export function start(
  args: ReadonlyArray<string>,
  options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Running {
  const child = spawn(process.execPath, [...selfArguments(), ...args], {
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  })
  let stdout = ""
  let stderr = ""
  const listeners = new Set<() => void>()
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
    for (const listener of listeners) listener()
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
    for (const listener of listeners) listener()
  })
  if (options.input !== undefined) child.stdin.end(options.input)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (code, signal) => {
      // Deno tells the signal that was sent instead of the exit code that it was answered with.
      const answered = process.versions["deno"] !== undefined && signal !== "SIGKILL"
      const status = code ?? (answered ? 130 : null)
      resolve({ status, stdout, stderr })
      for (const listener of listeners) listener()
    })
  })
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (stdout.includes(text) || stderr.includes(text)) {
          listeners.delete(look)
          resolve()
        } else if (child.exitCode !== null) {
          listeners.delete(look)
          reject(new Error(`ended before it said what was expected: ${stderr}`))
        }
      }
      listeners.add(look)
      look()
    })
  return { child, ended, says }
}

/** Runs the program to its end. */
export function mdk(args: ReadonlyArray<string>, input = ""): Promise<Ended> {
  return start(args, { input }).ended
}

/** A folder for homes, with a file that holds their passphrase. */
export interface Workplace {
  /** The folder. */
  readonly folder: string
  /** Options that name a home in it. */
  readonly at: (home: string) => ReadonlyArray<string>
  /** Removes everything. */
  readonly remove: () => void
}

/** Makes a {@link Workplace}. */
export function makeWorkplace(): Workplace {
  const folder = mkdtempSync(join(tmpdir(), "mdk-cli-"))
  const passphrase = join(folder, "passphrase")
  writeFileSync(passphrase, "correct horse battery staple\n", { mode: 0o600 })
  return {
    folder,
    at: (home) => ["--home", join(folder, home), "--passphrase-file", passphrase],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
