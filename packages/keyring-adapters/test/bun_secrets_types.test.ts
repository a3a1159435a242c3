/**
 * Holds what the adapter expects of `Bun.secrets` against the types that Bun publishes.
 *
 * Bun's types replace those of other runtimes, so a compiler of its own looks at them.
 *
 * @module
 */
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { it } from "node:test"
import { fileURLToPath } from "node:url"
import { temporaryFolder } from "./support/temporary_folder.ts"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const adapter = fileURLToPath(new URL("../src/bun_secrets/bun_secrets_api.ts", import.meta.url))
const folder = temporaryFolder()

const compile = (line: string) => {
  const file = join(folder, "program.ts")
  writeFileSync(file, `import type { BunSecretsApi } from ${JSON.stringify(adapter)}\n${line}\n`)
  const compiler = join(root, "node_modules/typescript/bin/tsc")
  const before = "Deno" in globalThis ? ["run", "-A", "--no-config", "--unstable-detect-cjs"] : []
  return spawnSync(process.execPath, [
    ...before,
    compiler,
    ..."--noEmit --ignoreConfig --strict --skipLibCheck --target es2023 --lib es2024".split(" "),
    ..."--module nodenext --allowImportingTsExtensions --types bun-types".split(" "),
    "--typeRoots",
    join(root, "node_modules"),
    file,
  ], { encoding: "utf8" })
}

it("Bun.secrets is what the adapter takes it for", { timeout: 300_000 }, () => {
  const fits = compile("export const api: BunSecretsApi = Bun.secrets")
  assert.equal(fits.status, 0, fits.stdout + fits.stderr)
  const wrong = compile("export const api: BunSecretsApi = Bun.dns")
  assert.match(wrong.stdout, /error TS27/)
})
