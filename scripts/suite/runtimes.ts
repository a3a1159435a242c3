/**
 * The runtimes on which the suite runs: found on the machine in exactly the wanted version, or
 * fetched from npm into the project's cache.
 *
 * The packages that are fetched hold the plain program and need no install script; `deno install`
 * brings them, so npm itself is not needed.
 *
 * @module
 */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import process from "node:process"
import { run } from "../subprocess.ts"

/** Names of the runtimes, in the order in which they run. */
export const RUNTIMES: ReadonlyArray<RuntimeName> = ["node24", "deno", "bun", "node22"]

/** A runtime of the suite. */
export type RuntimeName = "deno" | "bun" | "node24" | "node22"

/** A runtime that is ready. */
export interface Runtime {
  /** Which one. */
  readonly name: RuntimeName
  /** What it says its version is. */
  readonly version: string
  /** Absolute path of the program. */
  readonly program: string
}

/** The versions that the project is tested with. */
export const VERSIONS: Readonly<Record<RuntimeName, string>> = {
  deno: "2.9.6",
  bun: "1.4.5",
  node24: "24.21.0",
  node22: "22.23.3",
}

/** The npm package of a program for a platform, and where the program lies in it. */
export function packageFor(
  name: Exclude<RuntimeName, "deno">,
  platform: string,
  arch: string,
): { readonly name: string; readonly program: string } {
  if (name === "bun") {
    const cpu = arch === "arm64" ? "aarch64" : arch
    return platform === "win32"
      ? { name: `@oven/bun-windows-${cpu}`, program: "bin/bun.exe" }
      : { name: `@oven/bun-${platform}-${cpu}`, program: "bin/bun" }
  }
  return platform === "win32"
    ? { name: `node-win-${arch}`, program: "bin/node.exe" }
    : { name: `node-${platform}-${arch}`, program: "bin/node" }
}

/**
 * Finds or fetches a runtime and asserts its version.
 *
 * Deno is the one that runs this program; 2.9 and every later one will do.
 *
 * @param cache folder for what is fetched
 * @throws Error when it can be neither found nor fetched, or is of another version
 */
export async function provide(name: RuntimeName, cache: string): Promise<Runtime> {
  if (name === "deno") {
    const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number)
    if (major < 2 || (major === 2 && minor < 9)) {
      throw new Error(`Deno 2.9 or later is needed, this is ${Deno.version.deno}`)
    }
    return { name, version: Deno.version.deno, program: Deno.execPath() }
  }
  const wanted = VERSIONS[name]
  const onPath = name === "bun" ? ["bun"] : [name, "node"]
  for (const program of onPath) {
    if (await versionOf(program) === wanted) return { name, version: wanted, program }
  }
  const source = packageFor(name, process.platform, process.arch)
  const folder = resolve(cache, `${name}-${wanted}`)
  const program = resolve(folder, "node_modules", source.name, source.program)
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      resolve(folder, "package.json"),
      JSON.stringify({ private: true, dependencies: { [source.name]: wanted } }),
    )
    // Its own configuration: the folder is no member of the workspace around it.
    writeFileSync(
      resolve(folder, "deno.json"),
      JSON.stringify({ nodeModulesDir: "auto", workspace: [] }),
    )
    const { code, output } = await run(Deno.execPath(), ["install"], { cwd: folder })
    if (code !== 0 || !existsSync(program)) {
      throw new Error(`${source.name}@${wanted} could not be fetched:\n${output}`)
    }
  }
  if (process.platform !== "win32") chmodSync(program, 0o755)
  const version = await versionOf(program)
  if (version !== wanted) throw new Error(`${program} is ${version ?? "broken"}, not ${wanted}`)
  return { name, version, program }
}

async function versionOf(program: string): Promise<string | undefined> {
  const { code, stdout } = await run(program, ["--version"], { timeoutMillis: 20_000 })
  return code === 0 ? stdout.trim().replace(/^v/, "") : undefined
}

/** The arguments with which a runtime runs one test file and writes a JUnit report. */
export function testArguments(
  name: RuntimeName,
  file: string,
  report: string,
): ReadonlyArray<string> {
  switch (name) {
    case "deno":
      // Else every process would make the links of node_modules anew, under the others' feet.
      return [
        "test",
        "-A",
        "--no-check",
        "--node-modules-dir=manual",
        `--junit-path=${report}`,
        file,
      ]
    case "bun":
      // Bun would give up after five seconds, hooks included; the others have no such limit.
      return [
        "test",
        "--timeout=900000",
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        `./${file}`,
      ]
    case "node24":
    case "node22":
      return [
        "--disable-warning=ExperimentalWarning",
        "--test",
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        "--test-reporter=junit",
        `--test-reporter-destination=${report}`,
        file,
      ]
  }
}
