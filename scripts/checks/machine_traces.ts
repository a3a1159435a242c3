/**
 * Nothing in the project names the machine on which it was written: no private folder, no address of
 * a package registry.
 *
 * @module
 */
import type { Finding, SourceFile } from "./finding.ts"

/** Folders of particular machines. Written so that this file does not match itself. */
const MACHINE_FOLDERS = /(^|[^A-Za-z0-9._-])\/(ro[o]t|wor[k]|opt\/md[k]-rt)\//

/** Addresses of package registries, mirrors and proxies. */
const REGISTRY_ADDRESSES =
  /registry\+htt[p]|https?:\/\/[a-z0-9.-]*(registr[y]|artifac[t]|index[.]|prox[y]\.|mirro[r])[a-z0-9.-]*/i

/**
 * Finds traces of machines in texts.
 *
 * @param files tracked text files
 * @param hosts further host names that must not occur, e.g. that of the configured registry
 */
export function traceFindings(
  files: ReadonlyArray<SourceFile>,
  hosts: ReadonlyArray<string> = [],
): ReadonlyArray<Finding> {
  const findings: Array<Finding> = []
  for (const { path, text } of files) {
    text.split("\n").forEach((line, index) => {
      const at = `${path}:${index + 1}`
      if (MACHINE_FOLDERS.test(line)) {
        findings.push({ path: at, problem: "names a machine's folder" })
      }
      if (REGISTRY_ADDRESSES.test(line) || hosts.some((host) => line.includes(host))) {
        findings.push({ path: at, problem: "names a registry's address" })
      }
    })
  }
  return findings
}
