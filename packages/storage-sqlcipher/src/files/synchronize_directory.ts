/**
 * Making the names in a directory durable.
 *
 * @module
 */
import { closeSync, constants, fsyncSync, openSync } from "node:fs"
import process from "node:process"

/** Makes creations, renames and deletions in a directory durable (nothing to do on Windows). */
export function synchronizeDirectory(directory: string): void {
  if (process.platform === "win32") return
  const descriptor = openSync(directory, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0))
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
