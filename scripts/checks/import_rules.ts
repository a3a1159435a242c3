/**
 * The one-way rule: who may import whom.
 *
 * Adapters import core, never the other way and never each other; a room of core imports only the
 * rooms above it; core touches no runtime module; ts-mls is seen by one file; nothing reaches into
 * another package by path; every imported package is declared by the package that imports it.
 *
 * @module
 */
import { posix } from "node:path"
import type { Finding, SourceFile } from "./finding.ts"

/** The rooms of `packages/core/src`, top to bottom: a room imports those above it and itself. */
export const ROOMS: ReadonlyArray<string> = [
  "services",
  "codec",
  "crypto",
  "identity",
  "components",
  "message",
  "nostr",
  "mls",
  "key-package",
  "group",
  "profile",
  "media",
  "push",
  "api",
  "shell",
]

/** The last room: the effectful files around `mdk.ts`, which may import each other. */
const SHELL = "shell"

/** Which workspace packages the sources of a package may import. */
const SIBLINGS: Readonly<Record<string, ReadonlyArray<string>>> = {
  "core": [],
  "storage-memory": ["core"],
  "storage-sqlcipher": ["core"],
  "keyring-adapters": ["core"],
  "nostr-transport": ["core"],
  "testing": ["core", "storage-memory", "nostr-transport"],
  "cli": [
    "core",
    "storage-sqlcipher",
    "keyring-adapters",
    "nostr-transport",
  ],
}

/** Parts of nostr-tools that open sockets or keep state. */
const NOSTR_TOOLS_WITH_SOCKETS = /^nostr-tools(\/(abstract-.*|relay|pool|nip05|nip11|nip46))?$/

/** Every module specifier that a source imports, re-exports or loads. */
export function importsOf(text: string): ReadonlyArray<string> {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "")
  const found: Array<string> = []
  const forms = [
    // Not the word in quotes, as in `Pick<Letter, "from" | "to">`.
    /(?<!["'])\bfrom\s*["']([^"'\n]+)["']/g,
    /^\s*import\s*["']([^"'\n]+)["']/gm,
    /\bimport\(\s*["']([^"'\n]+)["']\s*\)/g,
  ]
  for (const form of forms) {
    for (const match of code.matchAll(form)) if (match[1] !== undefined) found.push(match[1])
  }
  return found
}

/** The package that a bare specifier names: `@a/b/c` is `@a/b`, `effect/Effect` is `effect`. */
export function packageOf(specifier: string): string {
  const parts = specifier.split("/")
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0] ?? ""
}

/**
 * Checks the sources of all packages (`packages/NAME/src/...`); other paths are ignored.
 *
 * @param files sources with their texts
 * @param declared the dependencies of each package's manifest, by folder name
 */
export function importFindings(
  files: ReadonlyArray<SourceFile>,
  declared: Readonly<Record<string, ReadonlyArray<string>>>,
): ReadonlyArray<Finding> {
  const findings: Array<Finding> = []
  const tsMlsReaders: Array<string> = []
  for (const { path, text } of files) {
    const home = /^packages\/([^/]+)\/src\/(.*)$/.exec(path)
    const member = home?.[1]
    const inside = home?.[2]
    if (member === undefined || inside === undefined) continue
    const report = (problem: string) => findings.push({ path, problem })
    for (const specifier of importsOf(text)) {
      if (specifier.startsWith(".")) {
        relativeImport(member, path, specifier, report)
      } else if (specifier.startsWith("node:")) {
        if (member === "core") report(`core imports ${specifier}`)
      } else if (/^[a-z]+:/.test(specifier)) {
        report(`imports by URL: ${specifier}`)
      } else {
        if (packageOf(specifier) === "ts-mls" && !tsMlsReaders.includes(path)) {
          tsMlsReaders.push(path)
        }
        bareImport(member, specifier, declared[member] ?? [], report)
      }
    }
  }
  if (tsMlsReaders.length > 1) {
    for (const path of tsMlsReaders) {
      findings.push({ path, problem: "ts-mls is imported by more than one file" })
    }
  }
  return findings
}

function relativeImport(
  member: string,
  path: string,
  specifier: string,
  report: (problem: string) => void,
): void {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier))
  const root = `packages/${member}/src/`
  if (!target.startsWith(root)) return report(`reaches outside its package: ${specifier}`)
  if (!specifier.endsWith(".ts")) report(`relative import without .ts: ${specifier}`)
  if (member !== "core") return
  const from = roomOf(path.slice(root.length))
  const to = roomOf(target.slice(root.length))
  if (from === undefined) return
  if (to === undefined) {
    if (from !== SHELL) report(`the room ${from} imports the shell: ${specifier}`)
    return
  }
  const known = ROOMS.indexOf(from)
  const wanted = ROOMS.indexOf(to)
  if (known === -1) return report(`${from} is not a room of the blueprint`)
  if (wanted === -1) return report(`${to} is not a room of the blueprint`)
  if (wanted > known) report(`the room ${from} imports ${to}, which lies below it`)
}

/** The room of a path inside `packages/core/src`, or nothing for a file of the shell. */
function roomOf(inside: string): string | undefined {
  return inside.includes("/") ? inside.split("/")[0] : undefined
}

function bareImport(
  member: string,
  specifier: string,
  declared: ReadonlyArray<string>,
  report: (problem: string) => void,
): void {
  const name = packageOf(specifier)
  if (name === "effect" && specifier === "effect") {
    report("imports the effect barrel; library sources import effect/Module")
  }
  if (name.startsWith("@mdk/")) {
    const sibling = name.slice("@mdk/".length)
    if (sibling === member) report(`imports itself by name: ${specifier}`)
    else if (!(SIBLINGS[member] ?? []).includes(sibling)) report(`may not import ${name}`)
  }
  if (member === "core" && NOSTR_TOOLS_WITH_SOCKETS.test(specifier)) {
    report(`core may use only the pure functions of nostr-tools, not ${specifier}`)
  }
  if (name !== `@mdk/${member}` && !declared.includes(name)) {
    report(`${name} is not declared in packages/${member}/package.json`)
  }
}
