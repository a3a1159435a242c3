/**
 * Replacing a small file so that after a crash it is the old or the new one, whole.
 *
 * @module
 */
import { closeSync, fstatSync, fsyncSync, renameSync, unlinkSync, writeSync } from "node:fs"
import { birthOf } from "./file_birth.ts"
import { createPrivateFile, isMissing } from "./private_file.ts"

export { synchronizeDirectory } from "./synchronize_directory.ts"

/**
 * Writes a file of ours (0600) durably: beside it first, synchronized, then renamed over it.
 *
 * @param path the file
 * @param next the name of the unfinished one; a left-over of an earlier crash is removed
 * @param contentOf makes the content, told which file it is going to stand in
 */
export function writeDurably(
  path: string,
  next: string,
  contentOf: (birth: string | undefined) => Uint8Array,
): void {
  removeIfThere(next)
  const descriptor = createPrivateFile(next)
  if (descriptor === undefined) throw new Error("a file appeared while it was being written")
  try {
    const content = contentOf(birthOf(fstatSync(descriptor)))
    let written = 0
    while (written < content.length) {
      written += writeSync(descriptor, content, written, content.length - written)
    }
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(next, path)
}

/** Deletes a file; harmless when there is none. */
export function removeIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}
