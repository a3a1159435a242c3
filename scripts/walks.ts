/**
 * `deno task walks [--json] [FILE...]`: recorded OpenMLS walks, our machine as the observers.
 *
 * Every event and every step's end is a case. After the first that fails the rest of that walk
 * cannot be reached and counts as failed. Without a file the walks of `MDK_VECTORS` are played. Ends
 * with `N passed, M failed`.
 *
 * @module
 */
import { readFileSync } from "node:fs"
import process from "node:process"
import { parseArgs } from "node:util"
import { playWalk, type WalkResult } from "../tests/vectors/openmls_walk.ts"
import { vectorFiles } from "../tests/vectors/vector_files.ts"
import { closingLine, say, secondsSince, type Tally } from "./terminal.ts"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false } },
})

function play(path: string): WalkResult {
  try {
    return playWalk(readFileSync(path, "utf8"))
  } catch {
    return { passed: 0, failed: 1, reason: "the file cannot be read" }
  }
}

const files = positionals.length > 0 ? positionals : vectorFiles("openmls-walks")
const tally: Tally = { passed: 0, failed: 0, skipped: 0 }
const results: Array<WalkResult & { readonly file: string }> = []
for (const file of files) {
  const start = performance.now()
  const result = play(file)
  results.push({ file, ...result })
  tally.passed += result.passed
  tally.failed += result.failed
  if (values.json) continue
  say(`${file}: ${result.passed} passed, ${result.failed} failed   ${secondsSince(start)}`)
  if (result.reason !== undefined) say(`FAILED  ${result.reason}`)
}
if (files.length === 0) {
  tally.failed++
  if (!values.json) say("FAILED  no file given, and no folder openmls-walks in MDK_VECTORS")
}
if (values.json) say(JSON.stringify({ walks: results, ...tally }))
else say(closingLine(tally))
process.exit(tally.failed === 0 ? 0 : 1)
