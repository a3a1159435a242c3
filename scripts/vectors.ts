/**
 * `deno task vectors [--json] [FAMILY...]`: the RFC 9420 test vectors, a count per
 * family.
 *
 * Without arguments every family runs; a name runs only that one. Files are looked for in
 * `MDK_VECTORS/mls-rfc9420`, a missing file, an unknown family, an unknown schema and an entry that
 * cannot be checked are failures. Entries of other ciphersuites are not counted. Ends with
 * `N passed, M failed`.
 *
 * @module
 */
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { families, type VectorFamily } from "../tests/vectors/rfc9420/mod.ts"
import { vectorFolder } from "../tests/vectors/vector_files.ts"
import { closingLine, say, secondsSince, type Tally } from "./terminal.ts"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false } },
})

interface FamilyResult extends Tally {
  readonly family: string
  readonly reasons: Array<string>
}

const shownReasons = 10

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? ""

function runFamily(family: VectorFamily, folder: string): FamilyResult {
  const result: FamilyResult = {
    family: family.name,
    passed: 0,
    failed: 0,
    skipped: 0,
    reasons: [],
  }
  const fail = (name: string, error: unknown): void => {
    result.failed++
    result.reasons.push(`${name}: ${reasonOf(error)}`)
  }
  try {
    const cases = family.cases(readFileSync(resolve(folder, `${family.name}.json`), "utf8"))
    if (cases.length === 0) fail(family.name, "no entry for ciphersuite 1")
    for (const { name, run } of cases) {
      try {
        run()
        result.passed++
      } catch (error) {
        fail(name, error)
      }
    }
  } catch (error) {
    fail(family.name, error)
  }
  return result
}

const print = (line: string): void => {
  if (!values.json) say(line)
}

const folder = vectorFolder("mls-rfc9420")
const unknown = positionals.filter((name) => !families.some((family) => family.name === name))
const results: Array<FamilyResult> = []
const tally: Tally = { passed: 0, failed: unknown.length, skipped: 0 }
for (const name of unknown) {
  print(`FAILED  ${name}: unknown family; known: ${families.map((f) => f.name).join(", ")}`)
}
if (folder === undefined) {
  tally.failed++
  print("FAILED  no folder mls-rfc9420 in MDK_VECTORS")
} else {
  for (const family of families) {
    if (positionals.length > 0 && !positionals.includes(family.name)) continue
    const start = performance.now()
    const result = runFamily(family, folder)
    results.push(result)
    tally.passed += result.passed
    tally.failed += result.failed
    print(
      `${family.name.padEnd(32)}${String(result.passed).padStart(4)} passed` +
        `${String(result.failed).padStart(5)} failed   ${secondsSince(start)}`,
    )
    for (const reason of result.reasons.slice(0, shownReasons)) print(`FAILED  ${reason}`)
    const more = result.reasons.length - shownReasons
    if (more > 0) print(`FAILED  and ${more} more of ${family.name}`)
  }
}
if (values.json) say(JSON.stringify({ families: results, ...tally }))
else say(closingLine(tally))
process.exit(tally.failed === 0 ? 0 : 1)
