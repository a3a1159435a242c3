/**
 * Finds the programs of the three runtimes: on the path, where the suite fetched them to, and the one
 * that runs this.
 *
 * @module
 */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { packageFor, type RuntimeName, VERSIONS } from "../../../scripts/suite/runtimes.ts"

/** A runtime that was found. */
export interface RuntimeProgram {
  /** Its name. */
  readonly name: "deno" | "bun" | "node"
  /** The program and what stands before a file to be run. */
  readonly command: readonly [string, ...ReadonlyArray<string>]
}

const root = fileURLToPath(new URL("../../../", import.meta.url))

const versionOf = (program: string): string => {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" })
  return status === 0 ? stdout : ""
}

const find = (name: Exclude<RuntimeName, "deno">, others: ReadonlyArray<string>) => {
  const { name: source, program } = packageFor(name, process.platform, process.arch)
  const fetched = `${root}.cache/runtimes/${name}-${
    VERSIONS[name]
  }/node_modules/${source}/${program}`
  const found = [...others, ...(existsSync(fetched) ? [fetched] : [])]
  return found.find((one) => versionOf(one).includes(VERSIONS[name]))
}

/** All runtimes that can be found. */
export const runtimePrograms = (): ReadonlyArray<RuntimeProgram> => {
  const own = process.execPath
  const isDeno = "Deno" in globalThis
  const isBun = "Bun" in globalThis
  const deno = isDeno ? own : process.env["MDK_DENO"] ?? "deno"
  const bun = isBun ? own : find("bun", ["bun"])
  const node = isDeno || isBun ? find("node24", ["node24", "node"]) : own
  const found: Array<RuntimeProgram> = []
  if (versionOf(deno).startsWith("deno ")) {
    found.push({
      name: "deno",
      command: [deno, "run", "-A", "--no-check", "--node-modules-dir=manual"],
    })
  }
  if (bun !== undefined) found.push({ name: "bun", command: [bun] })
  if (node !== undefined) {
    found.push({ name: "node", command: [node, "--disable-warning=ExperimentalWarning"] })
  }
  return found
}
