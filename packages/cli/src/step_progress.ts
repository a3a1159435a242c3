/**
 * How far an operation on the database file has come, for a person who waits.
 *
 * @module
 */
import type { OnProgress } from "@mdk/storage-sqlcipher"
import process from "node:process"
import type { Terminal } from "./terminal.ts"

const HALF_A_SECOND = 500

/**
 * Notes every step of which `--progress` asks, as JSON with `--json`; without it, what takes longer
 * than half a second, at a terminal only.
 */
export function stepProgress(terminal: Terminal, all: boolean): OnProgress {
  const start = performance.now()
  let noted = start
  return ({ done, step, total }) => {
    const now = performance.now()
    if (!all && (!process.stderr.isTTY || now - noted < HALF_A_SECOND)) return
    noted = now
    terminal.note(
      terminal.json
        ? JSON.stringify({ progress: { step, done, total } })
        : `${step} ${total === 0 ? 100 : Math.floor(100 * done / total)}%`,
    )
  }
}
