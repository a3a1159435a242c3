/**
 * The file that an exported key is written to, which may soon be the only copy of it.
 *
 * @module
 */
import { closeSync, fsyncSync, openSync, unlinkSync, writeSync } from "node:fs"

/** Writes some of the bytes from a place on and answers how many; that of `node:fs`. */
export type WriteSome = (descriptor: number, bytes: Uint8Array, from: number) => number

/**
 * Writes a new file (0600) and makes it durable. When that fails, no part of it is left.
 *
 * Throws the system's error, `EEXIST` when there is such a file.
 */
export function writeRecoveryFile(
  path: string,
  text: Uint8Array,
  write: WriteSome = (descriptor, bytes, from) => writeSync(descriptor, bytes, from),
): void {
  const descriptor = openSync(path, "wx", 0o600)
  try {
    try {
      for (let at = 0; at < text.length;) at += write(descriptor, text, at)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    unlinkSync(path)
    throw error
  }
}
