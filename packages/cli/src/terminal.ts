/**
 * What the program writes: results to standard output, everything else to standard error.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import process from "node:process"
import { printable } from "./printable.ts"

/** Where a command writes. */
export interface Terminal {
  /** True when results are JSON, one value per line. */
  readonly json: boolean
  /** Writes one line of a result for people; nothing with `--json`. The text is ours or printable. */
  readonly line: (text?: string) => void
  /** Writes one value with `--json`, else nothing. */
  readonly value: (value: unknown) => void
  /** Writes a remark for people to standard error, also with `--json`. */
  readonly note: (text: string) => void
}

/** A terminal over the process's own streams. */
export function makeTerminal(json: boolean): Terminal {
  return {
    json,
    line: (text = "") => {
      if (!json) process.stdout.write(`${text}\n`)
    },
    value: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`)
    },
    note: (text) => {
      process.stderr.write(`${text}\n`)
    },
  }
}

/** Says what is being waited for when it takes more than a second. */
export function withProgress(
  terminal: Terminal,
  what: string,
): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> {
  return (effect) =>
    Effect.acquireUseRelease(
      Effect.sync(() => setTimeout(() => terminal.note(`${what} ...`), 1000)),
      () => effect,
      (timer) => Effect.sync(() => clearTimeout(timer)),
    )
}

/** The short form of an id or key for people: enough to tell them apart, and to type. */
export function short(id: string): string {
  return printable(id.slice(0, 8))
}
