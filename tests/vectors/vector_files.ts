/**
 * Finds the test vectors, which lie outside the project: in `MDK_VECTORS`, by default in
 * `../shared/vectors` beside it. Where they are absent a suite is skipped with that reason; with
 * `CI=true` it fails instead.
 *
 * @module
 */
import { existsSync, readdirSync } from "node:fs"
import { resolve } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"

const projectRoot = fileURLToPath(new URL("../../", import.meta.url))

/** Folder with one set of vectors, or `undefined` when it is absent. */
export function vectorFolder(set: string): string | undefined {
  const base = process.env["MDK_VECTORS"] ?? resolve(projectRoot, "../shared/vectors")
  const folder = resolve(base, set)
  return existsSync(folder) ? folder : undefined
}

/** Paths of the JSON files of one set, in name order. */
export function vectorFiles(set: string): ReadonlyArray<string> {
  const folder = vectorFolder(set)
  if (folder === undefined) return []
  return readdirSync(folder).filter((name) => name.endsWith(".json")).sort()
    .map((name) => resolve(folder, name))
}

/** Option for a suite that needs a set: skipped with a reason, or an error where CI demands it. */
export function needsVectors(set: string): { readonly skip?: string } {
  if (vectorFolder(set) !== undefined) return {}
  const reason = `test vectors "${set}" are absent: set MDK_VECTORS`
  if (process.env["CI"] === "true") throw new Error(reason)
  return { skip: reason }
}
