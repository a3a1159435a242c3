/**
 * Which runtime this is, and whether it can load the native engines.
 *
 * Deno and Bun both report a Node version for compatibility, so they are recognized first. On Node
 * before 22 the engine's constructor ends the process with a segmentation fault: an old Node has to
 * be refused before anything native is loaded.
 *
 * @module
 */
import process from "node:process"

/** A runtime by name and version. */
export interface Runtime {
  /** Which program runs this code; `unknown` where nothing says so. */
  readonly name: "deno" | "bun" | "node" | "unknown"
  /** Its own version, e.g. `22.19.0`; empty for `unknown`. */
  readonly version: string
}

/** The oldest Node that is supported, as major and minor number. */
export const OLDEST_NODE: readonly [major: number, minor: number] = [22, 19]

/** The versions that a runtime tells about itself (`process.versions`). */
export type RuntimeVersions = Readonly<Record<string, string | undefined>>

/**
 * Recognizes the runtime.
 *
 * @param globals the global object, where Deno and Bun put their namespaces
 * @param versions what `process.versions` says
 */
export function detectRuntime(
  globals: object = globalThis,
  versions: RuntimeVersions = process.versions,
): Runtime {
  const deno = versions["deno"] ??
    text(property(property(property(globals, "Deno"), "version"), "deno"))
  if (deno !== undefined) return { name: "deno", version: deno }
  const bun = versions["bun"] ?? text(property(property(globals, "Bun"), "version"))
  if (bun !== undefined) return { name: "bun", version: bun }
  const node = versions["node"]
  return node === undefined ? { name: "unknown", version: "" } : { name: "node", version: node }
}

/**
 * The line that says why a runtime is refused; undefined when it is not.
 *
 * Deno and Bun are accepted in every version: their own loaders refuse what they cannot load.
 */
export function refusalOf(runtime: Runtime): string | undefined {
  if (runtime.name === "deno" || runtime.name === "bun") return undefined
  const [major = 0, minor = 0] = runtime.version.split(".").map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_NODE
  const isNewEnough = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
  if (runtime.name === "node" && isNewEnough) return undefined
  const found = runtime.name === "node" ? `this is Node ${runtime.version}` : "this is neither"
  return `encrypted storage needs Node >= ${oldestMajor}.${oldestMinor}, Deno or Bun; ${found}`
}

const property = (of: unknown, name: string): unknown =>
  typeof of === "object" && of !== null ? Reflect.get(of, name) : undefined

const text = (value: unknown): string | undefined => typeof value === "string" ? value : undefined
