/**
 * Starts a worker and sees it killed.
 *
 * @module
 */
import { spawn } from "node:child_process"
import { mkdirSync } from "node:fs"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { placesIn } from "./places.ts"

/** A runtime that runs workers: its program and the arguments before the file. */
export interface WorkerRuntime {
  readonly name: string
  readonly program: string
  readonly args: ReadonlyArray<string>
}

/** The arguments with which a runtime runs a TypeScript file. */
export const workerRuntime = (name: string, program: string): WorkerRuntime => ({
  name,
  program,
  args: name === "deno"
    ? ["run", "-A", "--quiet", "--no-check", "--node-modules-dir=manual"]
    : name === "bun"
    ? []
    : ["--disable-warning=ExperimentalWarning"],
})

/** The runtime that runs this code. */
export const ownRuntime = (): WorkerRuntime =>
  workerRuntime(
    process.versions["deno"] !== undefined
      ? "deno"
      : process.versions["bun"] !== undefined
      ? "bun"
      : "node",
    process.execPath,
  )

/** What became of a worker. */
export interface Ended {
  /** True when a signal ended it. */
  readonly killed: boolean
  /** True when it came to its end. */
  readonly done: boolean
  /** The last batch that it acknowledged; 0 for none. */
  readonly acknowledged: number
  /** What it wrote to standard error. */
  readonly complaint: string
}

/** How a worker is run. */
export interface WorkerRun {
  readonly runtime: WorkerRuntime
  readonly action: string
  readonly directory: string
  /** The step at which it kills itself; 0 for never. */
  readonly killAt: number
  /** Milliseconds after `ready` at which it is killed; undefined for never. */
  readonly killAfter?: number
  readonly run: number
}

const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url))
const PATIENCE = 60_000

/** Runs a worker to its end. */
export const runWorker = (
  { action, directory, killAfter, killAt, run, runtime }: WorkerRun,
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const { temporary } = placesIn(directory)
    mkdirSync(temporary, { recursive: true, mode: 0o700 })
    const child = spawn(
      runtime.program,
      [...runtime.args, WORKER, action, directory, String(killAt), String(run)],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, TMPDIR: temporary } },
    )
    let said = ""
    let complaint = ""
    let ready = false
    const kill = () => child.kill("SIGKILL")
    const patience = setTimeout(kill, PATIENCE)
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text
      if (ready || !said.includes("ready\n")) return
      ready = true
      if (killAfter !== undefined) setTimeout(kill, killAfter)
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint += text
    })
    child.on("error", reject)
    child.on("close", (_, signal) => {
      clearTimeout(patience)
      const acknowledged = [...said.matchAll(/^ack (\d+)$/gm)].at(-1)?.[1]
      resolve({
        killed: signal !== null,
        done: said.includes("done\n"),
        acknowledged: Number(acknowledged ?? 0),
        complaint,
      })
    })
  })
