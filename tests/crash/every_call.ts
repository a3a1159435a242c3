/**
 * Processes that are killed at every single call by which they change a file.
 *
 * @module
 */
import { spawnSync } from "node:child_process"
import { basename, dirname, join } from "node:path"
import { type Action, Life } from "./campaign.ts"
import type { WorkerRuntime } from "./killed_process.ts"
import { placesIn } from "./places.ts"

/** Calls that change a file, or that the durability of one depends on. */
const CALLS: ReadonlyArray<string> = [
  "openat",
  "write",
  "pwrite64",
  "ftruncate",
  "fsync",
  "fdatasync",
  "link",
  "rename",
  "unlink",
  "mkdir",
  "chmod",
  "fchmod",
]

/** True when processes can be killed at their calls here. */
export const canTrace = (): boolean =>
  spawnSync("strace", ["-f", "-qq", "-o", "/dev/null", "true"], { stdio: "ignore" }).status === 0

/** All files of a life, also those that exist only for a moment. */
function filesOf(directory: string): ReadonlyArray<string> {
  const { backup, backups, database, keys } = placesIn(directory)
  const sidecars = (path: string) => ["", "-wal", "-shm", "-journal"].map((end) => path + end)
  const part = (path: string) => join(dirname(path), `.${basename(path)}.part`)
  return [
    directory,
    dirname(database),
    backups,
    keys,
    ...["", ".next", ".restoring", ".original"].flatMap((end) => sidecars(database + end)),
    ...[".record.json", ".record.json.next", ".lock", ".beside.lock"].map((end) => database + end),
    ...sidecars(part(backup("1"))),
    backup("1"),
  ]
}

/** A runtime whose processes are killed just before their call of this number. */
export function killedBefore(
  { args, name, program }: WorkerRuntime,
  directory: string,
  call: number,
): WorkerRuntime {
  const inject = `inject=${CALLS.join()}:signal=SIGKILL:when=${call}`
  return {
    name,
    program: "strace",
    args: [
      ...["-f", "-qq", "-o", "/dev/null"],
      ...filesOf(directory).flatMap((path) => ["-P", path]),
      ...["-e", `trace=${CALLS.join()}`, "-e", inject],
      program,
      ...args,
    ],
  }
}

/** What became of one action. */
export interface EveryCall {
  /** How many calls it makes, each of which a process was killed before. */
  readonly calls: number
  readonly failures: ReadonlyArray<string>
}

/** Kills a process before each call of an action, in a life of its own every time. */
export async function killAtEveryCall(
  action: Action,
  runtime: WorkerRuntime,
  first = 1,
  step = 1,
): Promise<EveryCall> {
  const failures: Array<string> = []
  // A rotation is repeated afterwards when the number is even.
  const run = action === "rotate" ? 2 : 1
  for (let call = first;; call += step) {
    const life = new Life()
    try {
      const killed = killedBefore(runtime, life.directory, call)
      const ended = await life.run({ action, atStep: true, number: 0, runtime: killed, run })
      const faults = await life.faults(action, ended, run)
      failures.push(...faults.map((fault) => `${action}, killed before call ${call}: ${fault}`))
      if (!ended.killed) return { calls: call - 1, failures }
    } finally {
      life.remove()
    }
  }
}
