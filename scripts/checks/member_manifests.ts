/**
 * The two manifests of every package agree: what Deno and JSR read (`deno.json`) and what Bun and
 * Node read (`package.json`) say the same, and all packages carry one version.
 *
 * @module
 */
import type { Finding } from "./finding.ts"

/** The manifests of one package, as parsed JSON. */
export interface Member {
  /** Folder name under `packages/`. */
  readonly folder: string
  /** `deno.json`. */
  readonly deno: Manifest
  /** `package.json`. */
  readonly npm: Manifest
  /** Names of the files that lie beside them. */
  readonly files: ReadonlyArray<string>
}

/** The fields that are looked at. */
export interface Manifest {
  /** Package name. */
  readonly name?: string
  /** Shared version; only in deno.json. */
  readonly version?: string
  /** Licence identifier; only in deno.json. */
  readonly license?: string
  /** Must be true in package.json: publishing goes through deno.json. */
  readonly private?: boolean
  /** Must be `module` in package.json. */
  readonly type?: string
  /** Entry points. */
  readonly exports?: Readonly<Record<string, string>>
  /** Entry points of programs. */
  readonly bin?: Readonly<Record<string, string>>
  /** npm and workspace dependencies. */
  readonly dependencies?: Readonly<Record<string, string>>
  /** Never used: versions live in package.json. */
  readonly imports?: Readonly<Record<string, string>>
}

/** The root manifests. */
export interface Root {
  /** `workspace` of the root deno.json. */
  readonly workspace: ReadonlyArray<string>
  /** `dependencies` of the root package.json. */
  readonly dependencies: Readonly<Record<string, string>>
}

/** Compares the manifests of all packages with each other and with the root. */
export function manifestFindings(
  root: Root,
  members: ReadonlyArray<Member>,
): ReadonlyArray<Finding> {
  const findings: Array<Finding> = []
  const versions = new Set(members.map((member) => member.deno.version))
  const pinned = new Map<string, string>()
  for (const member of members) {
    const at = `packages/${member.folder}`
    const expect = (holds: boolean, file: string, problem: string) => {
      if (!holds) findings.push({ path: `${at}/${file}`, problem })
    }
    const { deno, npm } = member
    expect(deno.name === `@mdk/${member.folder}`, "deno.json", "the name is not the folder's")
    expect(npm.name === deno.name, "package.json", "the name differs from deno.json")
    expect(
      JSON.stringify(sorted(npm.exports)) === JSON.stringify(sorted(deno.exports)),
      "package.json",
      "the exports differ from deno.json",
    )
    expect(
      deno.version !== undefined && versions.size === 1,
      "deno.json",
      "all packages must carry one version",
    )
    expect(deno.license === "MIT", "deno.json", "the licence is missing")
    expect(deno.imports === undefined, "deno.json", "dependencies belong into package.json")
    expect(npm.version === undefined, "package.json", "the version belongs into deno.json only")
    expect(npm.private === true, "package.json", "must be private: publishing uses deno.json")
    expect(npm.type === "module", "package.json", "must be of type module")
    for (const file of ["README.md", "LICENSE"]) {
      expect(member.files.includes(file), file, "is missing")
    }
    expect(root.workspace.includes(`./${at}`), "deno.json", "is not in the root workspace")
    expect(
      root.dependencies[`@mdk/${member.folder}`] !== undefined,
      "package.json",
      "is not linked by the root package.json",
    )
    for (const [name, version] of Object.entries(npm.dependencies ?? {})) {
      if (name.startsWith("@mdk/")) {
        expect(version === "workspace:*", "package.json", `${name} must be workspace:*`)
        continue
      }
      expect(/^\d+\.\d+\.\d+$/.test(version), "package.json", `${name} must be an exact version`)
      const other = pinned.get(name) ?? version
      expect(other === version, "package.json", `${name} differs from another package's version`)
      pinned.set(name, other)
    }
  }
  return findings
}

function sorted(
  entries: Readonly<Record<string, string>> | undefined,
): ReadonlyArray<readonly [string, string]> {
  return Object.entries(entries ?? {}).sort(([a], [b]) => a < b ? -1 : 1)
}
