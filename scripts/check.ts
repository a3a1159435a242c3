/**
 * `deno task check [--only STEP]...`: everything about the sources that can be known without running
 * the tests. Prints each step and ends with `N passed, M failed`.
 *
 * @module
 */
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { diagnosticsOf, linesOf, ownDiagnostics } from "./checks/doc_lint.ts"
import type { Finding, SourceFile } from "./checks/finding.ts"
import { importFindings } from "./checks/import_rules.ts"
import { type Manifest, manifestFindings, type Member } from "./checks/member_manifests.ts"
import { traceFindings } from "./checks/machine_traces.ts"
import { run } from "./subprocess.ts"
import { closingLine, say, secondsSince } from "./terminal.ts"

/** A step passes when it returns no complaint. */
interface Step {
  readonly name: string
  readonly run: () => Promise<ReadonlyArray<string>>
}

process.chdir(resolve(import.meta.dirname ?? ".", ".."))

const deno = (...args: ReadonlyArray<string>) => async (): Promise<ReadonlyArray<string>> => {
  const { code, output } = await run(Deno.execPath(), args, { env: { NO_COLOR: "1" } })
  return code === 0 ? [] : [withoutProgress(output)]
}

/** What Deno says about its own progress tells nothing about a complaint. */
const withoutProgress = (output: string): string =>
  output.split("\n").filter((line) => !/^(Check|Download|Initialize) /.test(line)).join("\n").trim()

const shown = (findings: ReadonlyArray<Finding>): ReadonlyArray<string> =>
  findings.map(({ path, problem }) => `${path}: ${problem}`)

const read = (path: string): SourceFile => ({
  path: path.replaceAll("\\", "/"),
  text: readFileSync(path, "utf8"),
})

const manifest = (path: string): Manifest => JSON.parse(readFileSync(path, "utf8"))

const members: ReadonlyArray<Member> = globSync("packages/*/deno.json").sort().map((path) => {
  const at = dirname(path)
  return {
    folder: at.slice("packages/".length),
    deno: manifest(path),
    npm: manifest(`${at}/package.json`),
    files: readdirSync(at),
  }
})
const sources = globSync("packages/*/src/**/*.ts").sort()

async function docLint(): Promise<ReadonlyArray<string>> {
  const entryPoints = members.flatMap(({ folder, deno: { exports } }) =>
    Object.values(exports ?? {}).map((file) => `packages/${folder}/${file.slice(2)}`)
  )
  const { code, output } = await run(Deno.execPath(), ["doc", "--lint", ...entryPoints], {
    env: { NO_COLOR: "1" },
  })
  const diagnostics = diagnosticsOf(output)
  if (code !== 0 && diagnostics.length === 0) return [withoutProgress(output)]
  return ownDiagnostics(diagnostics, linesOf(sources.map((path) => read(path).text)))
    .map((block) => block.trimEnd())
}

function imports(): Promise<ReadonlyArray<string>> {
  const declared = Object.fromEntries(
    members.map(({ folder, npm }) => [folder, Object.keys(npm.dependencies ?? {})]),
  )
  return Promise.resolve(shown(importFindings(sources.map(read), declared)))
}

function manifests(): Promise<ReadonlyArray<string>> {
  const root: { workspace: ReadonlyArray<string> } = JSON.parse(readFileSync("deno.json", "utf8"))
  const findings = manifestFindings(
    { workspace: root.workspace, dependencies: manifest("package.json").dependencies ?? {} },
    members,
  )
  return Promise.resolve(shown(findings))
}

async function traces(): Promise<ReadonlyArray<string>> {
  const listed = await run("git", ["ls-files", "--cached", "--others", "--exclude-standard"])
  if (listed.code !== 0) return ["not a git checkout: the tracked files are not known"]
  const files = listed.stdout.split("\n")
    .filter((path) => path !== "" && existsSync(path))
    .map(read)
    .filter(({ text }) => !text.includes("\0"))
  const registry = process.env["NPM_CONFIG_REGISTRY"] ?? process.env["npm_config_registry"]
  const host = registry === undefined ? undefined : new URL(registry).host
  return shown(traceFindings(files, host === undefined ? [] : [host]))
}

/** Deno would load and check every file that it is given, for nothing where there is no example. */
const withExamples = sources.filter((path) => read(path).text.includes("```ts"))
const readmes = ["README.md", ...globSync("packages/*/README.md")]

const steps: ReadonlyArray<Step> = [
  { name: "format", run: deno("fmt", "--check") },
  { name: "lint", run: deno("lint") },
  { name: "types", run: deno("check", ".") },
  { name: "imports", run: imports },
  { name: "manifests", run: manifests },
  { name: "traces", run: traces },
  { name: "doc-lint", run: docLint },
  { name: "doc-tests", run: deno("test", "-A", "--doc", ...readmes, ...withExamples) },
  { name: "publish", run: deno("publish", "--dry-run", "--allow-dirty", "--quiet") },
]

const { values } = parseArgs({ options: { only: { type: "string", multiple: true } } })
const unknown = (values.only ?? []).filter((name) => !steps.some((step) => step.name === name))
if (unknown.length > 0) {
  say(`unknown step: ${unknown.join(", ")}; known: ${steps.map((step) => step.name).join(", ")}`)
  process.exit(64)
}
const tally = { passed: 0, failed: 0, skipped: 0 }
for (const step of steps) {
  if (values.only !== undefined && !values.only.includes(step.name)) continue
  const start = performance.now()
  const complaints = await step.run()
  const holds = complaints.length === 0
  for (const complaint of complaints) say(complaint)
  say(`${holds ? "ok    " : "FAILED"} ${step.name} (${secondsSince(start)})`)
  tally[holds ? "passed" : "failed"] += 1
}
say(closingLine(tally))
process.exit(tally.failed === 0 ? 0 : 1)
