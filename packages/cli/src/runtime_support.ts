/**
 * Which runtimes can run this program. An older one is refused with one line before anything native
 * is loaded, because the database driver crashes such a runtime instead of failing.
 *
 * @module
 */

/** What is looked at: `process.versions`. */
export interface Versions {
  /** Node, or the version of Node that the runtime imitates. */
  readonly node?: string | undefined
  /** Set by Deno. */
  readonly deno?: string | undefined
  /** Set by Bun. */
  readonly bun?: string | undefined
}

const oldest = { deno: [2, 9], bun: [1, 3], node: [22, 19] } as const
const titles = { deno: "Deno", bun: "Bun", node: "Node" } as const

/** One line that says what is needed, or nothing when this runtime will do. */
export function refusal(versions: Versions): string | undefined {
  const name = versions.deno !== undefined ? "deno" : versions.bun !== undefined ? "bun" : "node"
  const version = versions[name] ?? "unknown"
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const [needMajor, needMinor] = oldest[name]
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return undefined
  return `mdk needs Node 22.19, Deno 2.9 or Bun 1.3 or later; this is ${titles[name]} ${version}`
}
