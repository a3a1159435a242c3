/**
 * `deno task test [--runtime NAME]... [--jobs N] [PATH...]`: the whole suite on every runtime.
 *
 * The same files run under Deno, Bun and two lines of Node. A path runs the files whose path
 * contains it. What is missing is fetched from npm into `.cache`. Ends with
 * `N passed, M failed, K skipped`, the sum over all runtimes.
 *
 * With `CI=true` absent test vectors are a failure, not a skip.
 *
 * @module
 */
import { existsSync, globSync } from "node:fs"
import { availableParallelism } from "node:os"
import { resolve } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import type { Case } from "./suite/junit.ts"
import { type FileResult, printedReasons, runFile } from "./suite/run_file.ts"
import { provide, type Runtime, type RuntimeName, RUNTIMES } from "./suite/runtimes.ts"
import { run } from "./subprocess.ts"
import { closingLine, say, secondsSince, type Tally } from "./terminal.ts"

process.chdir(resolve(import.meta.dirname ?? ".", ".."))

const FILE_TIME_LIMIT = 15 * 60_000
const CACHE = ".cache/runtimes"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runtime: { type: "string", multiple: true },
    jobs: { type: "string", default: String(Math.min(6, availableParallelism() + 1)) },
  },
})

const isRuntime = (name: string): name is RuntimeName => RUNTIMES.some((known) => known === name)
const wanted = values.runtime ?? RUNTIMES
const jobs = Number(values.jobs)
const files = globSync(["packages/*/test/**/*.test.ts", "tests/**/*.test.ts"])
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => !path.includes("node_modules"))
  .filter((path) => positionals.length === 0 || positionals.some((part) => path.includes(part)))
  .sort()
const complaint = !wanted.every(isRuntime)
  ? `unknown runtime; known: ${RUNTIMES.join(", ")}`
  : !Number.isInteger(jobs) || jobs < 1
  ? "--jobs takes a number from 1"
  : files.length === 0
  ? "no test file matches"
  : undefined
if (complaint !== undefined) {
  say(complaint)
  process.exit(64)
}

const tally: Tally = { passed: 0, failed: 0, skipped: 0 }
/** Case names by reason, over all files and runtimes. */
const skips = new Map<string, Set<string>>()
/** The reason of a skipped case by file and name, as Node reports it. */
const knownReasons = new Map<string, string>()

const reasonOf = (file: string, skipped: Case, printed: ReadonlyArray<string>): string =>
  skipped.reason ?? knownReasons.get(`${file} ${skipped.name}`) ??
    (printed.length > 0 ? printed.join("; ") : undefined) ??
    "the reason is reported by the Node runs only"

function count(runtime: Runtime, result: FileResult): void {
  const { file, cases, output, fault } = result
  const printed = printedReasons(output)
  const failed = cases.filter((one) => one.outcome === "failed")
  tally.passed += cases.filter((one) => one.outcome === "passed").length
  tally.failed += failed.length + (fault === undefined ? 0 : 1)
  for (const one of cases) {
    if (one.outcome !== "skipped") continue
    tally.skipped += 1
    if (one.reason !== undefined) knownReasons.set(`${file} ${one.name}`, one.reason)
    const reason = reasonOf(file, one, printed)
    const names = skips.get(reason) ?? new Set()
    names.add(`${runtime.name} ${file}: ${one.name}`)
    skips.set(reason, names)
  }
  if (failed.length === 0 && fault === undefined) return
  say(output.trimEnd())
  for (const one of failed) say(`FAILED ${runtime.name} ${file}: ${one.name}`)
  if (fault !== undefined) say(`FAILED ${runtime.name} ${file}: ${fault}`)
}

async function runOn(runtime: Runtime): Promise<void> {
  const start = performance.now()
  const waiting = [...files]
  let done = 0
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const begun = performance.now()
      const result = await runFile(runtime, file, {
        env: {
          MDK_DENO: Deno.execPath(),
          MDK_RUNTIME: runtime.name,
        },
        timeoutMillis: FILE_TIME_LIMIT,
      })
      done += 1
      const bad = result.fault !== undefined ||
        result.cases.some((one) => one.outcome === "failed")
      const passed = result.cases.filter((one) => one.outcome === "passed").length
      say(
        `${bad ? "FAILED" : "ok    "} ${runtime.name} [${done}/${files.length}] ${file}: ` +
          `${passed} passed (${secondsSince(begun)})`,
      )
      count(runtime, result)
    }
  }
  await Promise.all(Array.from({ length: jobs }, worker))
  say(`${runtime.name} ${runtime.version}: ${files.length} files in ${secondsSince(start)}\n`)
}

if (!existsSync("node_modules/.deno")) {
  const { code, output } = await run(Deno.execPath(), ["install"])
  if (code !== 0) {
    say(output)
    process.exit(1)
  }
}

for (const name of RUNTIMES) {
  if (!wanted.includes(name)) continue
  try {
    const runtime = await provide(name, CACHE)
    say(`${name} ${runtime.version}`)
    await runOn(runtime)
  } catch (error) {
    tally.failed += 1
    say(`FAILED ${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
for (const [reason, names] of skips) {
  say(`skipped: ${reason}`)
  for (const name of names) say(`  ${name}`)
}
say(closingLine(tally))
process.exit(tally.failed === 0 ? 0 : 1)
