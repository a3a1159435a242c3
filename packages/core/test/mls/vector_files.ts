/**
 * Access to the recorded vectors, which lie outside of the project.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"

const here = dirname(fileURLToPath(import.meta.url))
const root = process.env["MDK_VECTORS"] ?? join(here, "../../../../../shared/vectors")

/** True when the vectors are there. With CI=true their absence is a failure. */
export function vectorsPresent(): boolean {
  const present = existsSync(join(root, "mls-rfc9420"))
  if (!present && process.env["CI"] === "true") throw new Error("vectors are absent")
  return present
}

/** Options of a suite that needs vectors: skipped, with the reason, where they are absent. */
export function needsVectors(): { skip: string | false } {
  return { skip: vectorsPresent() ? false : "vectors are absent (set MDK_VECTORS)" }
}

/** Path of a vector file. */
export function vectorPath(...parts: ReadonlyArray<string>): string {
  return join(root, ...parts)
}

/** A parsed JSON vector file. */
export function readVector<T>(...parts: ReadonlyArray<string>): T {
  return JSON.parse(readFileSync(vectorPath(...parts), "utf8")) as T
}

/** Bytes of hex. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16))
}

/** Hex of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("")
}
