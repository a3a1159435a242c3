import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import process from "node:process"
import { detectRuntime } from "../../src/driver/runtime.ts"

/** Starts a script of this directory in a process of its own, on the runtime of the test. */
export function startScript(script: string, values: ReadonlyArray<string>): ChildProcess {
  const file = join(import.meta.dirname ?? "", script)
  const before = detectRuntime().name === "deno"
    ? ["run", "-A", "--no-check", "--node-modules-dir=manual", file]
    : [file]
  return spawn(process.execPath, [...before, ...values], { stdio: ["pipe", "pipe", "inherit"] })
}

/** Waits until a child has printed a line. */
export function line(child: ChildProcess, wanted: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = ""
    child.stdout?.setEncoding("utf8")
    child.stdout?.on("data", (chunk: string) => {
      printed += chunk
      if (printed.split("\n").includes(wanted)) resolve()
    })
    child.on(
      "exit",
      () => reject(new Error(`a child ended before it printed "${wanted}": ${printed}`)),
    )
  })
}

/** Kills a child and waits for its end. */
export function kill(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on("exit", () => resolve())
    child.kill("SIGKILL")
  })
}
