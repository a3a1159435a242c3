/**
 * `deno task crash [--kills N] [--seed S] [--lanes L] [--json]`: processes that write, migrate,
 * encrypt, change the key, back up, compact and restore are killed at random moments.
 *
 * They run under Deno, Bun and Node in turn; what is missing is fetched from npm into `.cache`. Every
 * lane is a campaign of its own with a seed of its own. Ends with `N passed, M failed`, where a kill
 * counts as passed when everything was legal afterwards.
 *
 * @module
 */
import { resolve } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { runCampaign } from "../tests/crash/campaign.ts"
import { type WorkerRuntime, workerRuntime } from "../tests/crash/killed_process.ts"
import { provide, type RuntimeName } from "./suite/runtimes.ts"
import { closingLine, say, secondsSince } from "./terminal.ts"

process.chdir(resolve(import.meta.dirname ?? ".", ".."))

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    lanes: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
  },
})

const [kills, seed, lanes] = [values.kills, values.seed, values.lanes].map(Number)
if (
  kills === undefined || seed === undefined || lanes === undefined ||
  ![kills, seed, lanes].every(Number.isSafeInteger) || kills < 1 || lanes < 1
) {
  say("--kills, --seed and --lanes take whole numbers")
  process.exit(64)
}

const CACHE = ".cache/runtimes"
const RUNTIMES: ReadonlyArray<RuntimeName> = ["deno", "bun", "node24"]
const start = performance.now()
const runtimes: Array<WorkerRuntime> = []
for (const name of RUNTIMES) {
  runtimes.push(workerRuntime(name, (await provide(name, CACHE)).program))
}

const results = await Promise.all(Array.from({ length: lanes }, (_, lane) =>
  runCampaign({
    kills: Math.floor(kills / lanes) + (lane < kills % lanes ? 1 : 0),
    seed: seed * 1000 + lane,
    runtimes: [...runtimes.slice(lane % 3), ...runtimes.slice(0, lane % 3)],
    ...(values.json ? {} : { onProcess: (line: string) => say(`lane ${lane}: ${line}`) }),
  })))

const failures = results.flatMap((result, lane) =>
  result.failures.map((failure) => `lane ${lane}: ${failure}`)
)
const killed = results.reduce((sum, result) => sum + result.kills, 0)
const survived = results.reduce((sum, result) => sum + result.survived, 0)
const byAction: Record<string, number> = {}
for (const result of results) {
  for (const [action, count] of Object.entries(result.byAction)) {
    byAction[action] = (byAction[action] ?? 0) + count
  }
}
const tally = { passed: killed - failures.length, failed: failures.length, skipped: 0 }
if (killed < kills && failures.length === 0) tally.failed += 1
if (values.json) say(JSON.stringify({ seed, killed, survived, byAction, failures, ...tally }))
else {
  for (const failure of failures) say(`FAILED  ${failure}`)
  say(`${killed} killed, ${survived} came to their end first, seed ${seed}, ${secondsSince(start)}`)
  for (const [action, count] of Object.entries(byAction)) say(`  ${action}: ${count}`)
  say(closingLine(tally))
}
process.exit(tally.failed === 0 ? 0 : 1)
