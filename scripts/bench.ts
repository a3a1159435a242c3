/**
 * `deno task bench NAME [--json] [OPTION...]`: a benchmark of `bench/NAME.ts`.
 *
 * Such a module exports `run(args, say)`: it takes the further options, says its table line by line
 * and returns its figures, which `--json` prints instead. The script runs on Deno, Bun and Node, so
 * that each runtime can be measured. Ends with `N passed, M failed`, where N counts figures.
 *
 * @module
 */
import { existsSync, readdirSync } from "node:fs"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { closingLine, say } from "./terminal.ts"

/** What a benchmark module exports. */
interface Benchmark {
  readonly run: (
    args: ReadonlyArray<string>,
    say: (line: string) => void,
  ) => Promise<ReadonlyArray<unknown>>
}

const folder = new URL("../bench/", import.meta.url)
// Measurements are helpers; everything with `run` is a benchmark.
const known = readdirSync(folder).filter((name) => name.endsWith(".ts"))
  .map((name) => name.slice(0, -3)).filter((name) => name !== "measurement")

const [name, ...rest] = process.argv.slice(2)
const json = rest.includes("--json")
const args = rest.filter((arg) => arg !== "--json")
if (name === undefined || !known.includes(name)) {
  say(`usage: bench NAME [--json] [OPTION...]; known: ${known.join(", ")}`)
  process.exit(64)
}

const runtime = process.versions["bun"] !== undefined
  ? `bun ${process.versions["bun"]}`
  : process.versions["deno"] !== undefined
  ? `deno ${process.versions["deno"]}`
  : `node ${process.versions.node}`
const url = new URL(`${name}.ts`, folder)
if (!existsSync(fileURLToPath(url))) process.exit(64)

try {
  const benchmark: Benchmark = await import(url.href)
  if (!json) say(`${name} on ${runtime}`)
  const figures = await benchmark.run(args, json ? () => {} : say)
  if (json) say(JSON.stringify({ benchmark: name, runtime, figures }))
  else say(closingLine({ passed: figures.length, failed: 0, skipped: 0 }))
  process.exit(figures.length > 0 ? 0 : 1)
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  say(closingLine({ passed: 0, failed: 1, skipped: 0 }))
  process.exit(1)
}
