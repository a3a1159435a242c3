/**
 * Destroying a file: its content is overwritten before its name goes.
 *
 * What a file system or a flash disk keeps of overwritten blocks is out of reach of any program.
 *
 * @module
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  writeSync,
} from "node:fs"
import { removeIfThere } from "../files/durable_write.ts"
import { isMissing } from "../files/private_file.ts"

const CHUNK = 1024 * 1024

/**
 * Overwrites a file with zeros, synchronizes, cuts and removes it; harmless when there is none. A file
 * that has a second name only loses this one, because its content is still in use.
 *
 * @param onBytes is told how much is overwritten
 */
export function destroyFile(
  path: string,
  onBytes: (done: number, total: number) => void = () => {},
): void {
  const descriptor = openIfThere(path)
  if (descriptor === undefined) return
  try {
    const { nlink, size } = fstatSync(descriptor)
    if (nlink === 1) {
      const zeros = new Uint8Array(Math.min(CHUNK, size))
      onBytes(0, size)
      for (let at = 0; at < size;) {
        at += writeSync(descriptor, zeros, 0, Math.min(zeros.length, size - at), at)
        onBytes(at, size)
      }
      fsyncSync(descriptor)
      ftruncateSync(descriptor, 0)
      fsyncSync(descriptor)
    }
  } finally {
    closeSync(descriptor)
  }
  removeIfThere(path)
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
