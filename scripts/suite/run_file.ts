/**
 * Runs one test file under one runtime.
 *
 * Every file has a process of its own: a crash, a leak or a hanging handle belongs to one file, and
 * two files run side by side.
 *
 * @module
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { run } from "../subprocess.ts"
import { type Case, leafCases, readJUnit } from "./junit.ts"
import { type Runtime, testArguments } from "./runtimes.ts"

/** What became of one file. */
export interface FileResult {
  /** Path of the test file. */
  readonly file: string
  /** Its cases. */
  readonly cases: ReadonlyArray<Case>
  /** What is wrong with the run beside the cases that failed. */
  readonly fault?: string
  /** What was written. */
  readonly output: string
}

/** Runs a file; `timeoutMillis` after the start it is killed and counts as failed. */
export async function runFile(
  runtime: Runtime,
  file: string,
  options: {
    readonly env: Readonly<Record<string, string | undefined>>
    readonly timeoutMillis: number
  },
): Promise<FileResult> {
  const folder = mkdtempSync(join(tmpdir(), "mdk-test-report-"))
  const report = join(folder, "report.xml")
  try {
    const { code, output } = await run(runtime.program, testArguments(runtime.name, file, report), {
      env: { ...options.env, NO_COLOR: "1", FORCE_COLOR: undefined },
      timeoutMillis: options.timeoutMillis,
    })
    const cases = existsSync(report) ? leafCases(readJUnit(readFileSync(report, "utf8"))) : []
    const fault = faultOf(code, cases)
    return { file, cases, output, ...(fault === undefined ? {} : { fault }) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function faultOf(code: number, cases: ReadonlyArray<Case>): string | undefined {
  const failed = cases.some((one) => one.outcome === "failed")
  if (code === 124) return "killed at its time limit"
  if (code !== 0 && !failed) return `the runner ended with code ${code}`
  if (code === 0 && failed) return "the runner ended with code 0 although a case failed"
  if (cases.length === 0) return "no case ran"
  return undefined
}

/**
 * Reasons that a file printed by itself, one per line `# SKIP reason`: Deno and Bun do not report
 * the reason of a skipped case.
 */
export function printedReasons(output: string): ReadonlyArray<string> {
  return [...output.matchAll(/^\s*# SKIP (.+)$/gm)].map((match) => (match[1] ?? "").trim())
}
