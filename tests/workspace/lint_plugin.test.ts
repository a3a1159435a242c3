import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import process from "node:process"
import { after, describe, it } from "node:test"

const root = resolve(import.meta.dirname ?? ".", "../..")
const program = process.env["MDK_DENO"] ?? "deno"
const absent = spawnSync(program, ["--version"]).status === 0
  ? false
  : "Deno is not on this machine"

const folder = mkdtempSync(join(tmpdir(), "mdk-lint-"))
after(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(
  join(folder, "deno.json"),
  JSON.stringify({
    lint: { plugins: [join(root, "tools/lint_plugin.ts")], rules: { tags: [] } },
  }),
)

/** Rule names that `deno lint` reports for a source at a path of the project. */
function lint(path: string, source: string): ReadonlyArray<string> {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, source)
  const { stdout, stderr } = spawnSync(program, ["lint", "--json", file], {
    cwd: folder,
    encoding: "utf8",
  })
  assert.match(stdout, /^\{/, stderr)
  const report: { diagnostics: ReadonlyArray<{ code: string }>; errors: ReadonlyArray<unknown> } =
    JSON.parse(stdout)
  assert.deepEqual(report.errors, [])
  return report.diagnostics.map((diagnostic) => diagnostic.code)
}

const library = "packages/core/src/x.ts"
const adapter = "packages/storage-memory/src/x.ts"

const planted: ReadonlyArray<readonly [string, string, string]> = [
  [library, "Effect.logInfo(groupId)", "privacy/no-identifier-in-log"],
  [library, "Effect.logDebug(`joined ${group.groupId}`)", "privacy/no-identifier-in-log"],
  [library, 'Effect.annotateLogs({ pubkey: "x" + y })', "privacy/no-identifier-in-log"],
  [library, "Effect.annotateCurrentSpan({ who: [a.pubkey] })", "privacy/no-identifier-in-log"],
  [library, "Effect.withSpan(`open ${nostrGroupId}`)", "privacy/no-identifier-in-log"],
  [library, "console.error(ok ? secretKey : 0)", "privacy/no-identifier-in-log"],
  ["scripts/x.ts", "console.log(message.content)", "privacy/no-identifier-in-log"],
  [library, "new GroupError({ reason: `no ${groupId}` })", "privacy/no-identifier-in-error"],
  [adapter, "new TypeError(plaintext)", "privacy/no-identifier-in-error"],
  [adapter, "new StorageError({ operation, cause: error })", "privacy/no-bare-cause"],
  [library, "decode(schema, { reportInput: true })", "privacy/no-report-input"],
  [adapter, "if (secret === other) f()", "privacy/no-secret-comparison"],
  [library, "const t = Date.now()", "privacy/no-ambient-source"],
  [library, "const t = new Date()", "privacy/no-ambient-source"],
  [library, "const r = Math.random()", "privacy/no-ambient-source"],
  [library, "const s = inspect(secretKey)", "privacy/no-identifier-in-inspect"],
]

const harmless: ReadonlyArray<readonly [string, string]> = [
  [library, "Effect.logInfo(`${members.length} members`)"],
  [library, "Effect.logInfo(secrets.length)"],
  [library, 'new GroupError({ reason: "unknown-group" })'],
  [library, "new GroupError({ reason: r, cause: Redacted.make(error) })"],
  [library, "if (secret === undefined) f()"],
  [library, "if (secret.length !== 32) f()"],
  [library, "const d = new Date(millis)"],
  [adapter, "const t = Date.now()"],
  ["packages/core/src/services/entropy.ts", "const b = crypto.getRandomValues(x)"],
]

describe("the lint plugin", { skip: absent }, () => {
  for (const [path, source, rule] of planted) {
    it(`finds ${source}`, () => assert.deepEqual([...new Set(lint(path, source))], [rule]))
  }
  for (const [path, source] of harmless) {
    it(`passes ${source}`, () => assert.deepEqual(lint(path, source), []))
  }
})
