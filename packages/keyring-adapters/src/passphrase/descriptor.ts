/**
 * A passphrase from an open file descriptor, as `--passphrase-fd 3` of other programs.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { close, read } from "node:fs"
import { open } from "node:fs/promises"
import { failure } from "../entry/failure.ts"
import { makeFirstLine } from "./first_line.ts"
import { acceptPassphrase, type PassphraseSource } from "./source.ts"

const UNREADABLE =
  "The file descriptor for the passphrase could not be read. Open it before the program starts."

const readChunk = (descriptor: number, chunk: Uint8Array): Promise<number> =>
  new Promise((resolve, reject) => {
    read(descriptor, chunk, 0, chunk.length, null, (error, count) => {
      if (error === null) resolve(count)
      else reject(error)
    })
  })

const readLine = async (descriptor: number): Promise<Uint8Array> => {
  const line = makeFirstLine()
  const chunk = new Uint8Array(512)
  for (;;) {
    const count = await readChunk(descriptor, chunk)
    if (count === 0 || line.push(chunk.subarray(0, count))) return line.take()
  }
}

/** Deno does not know descriptors that it inherited; the system opens them once more by name. */
const readInherited = async (descriptor: number): Promise<Uint8Array> => {
  const handle = await open(`/dev/fd/${descriptor}`, "r")
  try {
    return await readLine(handle.fd)
  } finally {
    await handle.close()
  }
}

const readOnce = async (descriptor: number): Promise<Uint8Array> => {
  try {
    return await readLine(descriptor)
  } catch (cause) {
    const isUnknown = cause instanceof Error && "code" in cause && cause.code === "EBADF"
    if (isUnknown) return await readInherited(descriptor)
    throw cause
  } finally {
    if (descriptor > 2) close(descriptor, () => {})
  }
}

/**
 * Reads the first line of an open descriptor, without its line ending, and closes the descriptor
 * unless it is 0, 1 or 2.
 *
 * A descriptor gives its passphrase once: when that is wrong, every later call fails with
 * `unavailable`, and the program has to be started again.
 *
 * @param descriptor a non-negative integer
 */
export const fromDescriptor = (descriptor: number): PassphraseSource => {
  let spent = false
  return () =>
    Effect.tryPromise({
      try: async () => {
        if (spent || !Number.isSafeInteger(descriptor) || descriptor < 0) {
          throw new RangeError("no passphrase to read")
        }
        spent = true
        return await readOnce(descriptor)
      },
      catch: (cause) => failure("open", { reason: "unavailable", advice: UNREADABLE }, cause),
    }).pipe(Effect.flatMap(acceptPassphrase))
}
