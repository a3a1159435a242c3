/**
 * `deno task transcripts [--strict] [--json] [--step NAME] [FILE...]`: recorded conversations of a real
 * MDK, our engine as the observers whose keys are given.
 *
 * Every KeyPackage event, every identity proof and every step is a case. Steps that are not covered
 * yet are listed and counted as skipped; with `--strict` they are failures. Without a file the
 * conversations of `MDK_VECTORS` that schema covers in full are played. Ends with
 * `N passed, M failed, K skipped`.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { playTranscript, type TranscriptCase } from "../tests/vectors/transcript.ts"
import { vectorFolder } from "../tests/vectors/vector_files.ts"
import { say, secondsSince, type Tally } from "./terminal.ts"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    strict: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    step: { type: "string" },
  },
})

const DEFAULT_FILES = ["main", "remove", "two-admins", "governance"]

function defaultFiles(): ReadonlyArray<string> {
  const folder = vectorFolder("mdk-head")
  if (folder === undefined) return []
  return DEFAULT_FILES.map((name) => resolve(folder, `${name}.json`)).filter(existsSync)
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

const files = positionals.length > 0 ? positionals : defaultFiles()
const tally: Tally = { passed: 0, failed: 0, skipped: 0 }
const results: Array<{ readonly file: string; readonly cases: ReadonlyArray<TranscriptCase> }> = []
for (const file of files) {
  const start = performance.now()
  const all = await playTranscript(read(file))
  const cases = all
    .filter(({ name }) => values.step === undefined || name === values.step)
    .map((one): TranscriptCase =>
      one.outcome === "skipped" && values.strict ? { ...one, outcome: "failed" } : one
    )
  if (cases.length === 0) cases.push({ name: "file", outcome: "failed", reason: "no such case" })
  results.push({ file, cases })
  for (const { outcome } of cases) tally[outcome]++
  if (values.json) continue
  const count = (outcome: TranscriptCase["outcome"]) =>
    cases.filter((one) => one.outcome === outcome).length
  say(
    `${file}: ${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped   ${
      secondsSince(start)
    }`,
  )
  for (const { name, outcome, reason } of cases) {
    if (outcome !== "passed") say(`${outcome.toUpperCase()}  ${name}: ${reason ?? ""}`)
  }
}
if (files.length === 0) {
  tally.failed++
  if (!values.json) say("FAILED  no file given, and no folder mdk-head in MDK_VECTORS")
}
const closing = `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`
if (values.json) say(JSON.stringify({ transcripts: results, ...tally }))
else say(closing)
process.exit(tally.failed === 0 ? 0 : 1)
