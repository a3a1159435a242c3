/**
 * Collects the first line of a stream of bytes without ever making a string of it.
 *
 * @module
 */
import { MAX_PASSPHRASE_BYTES } from "./source.ts"

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Bytes up to the first line feed. */
export interface FirstLine {
  /** Takes a chunk and zeroes it; true when no more is needed. */
  readonly push: (chunk: Uint8Array) => boolean
  /** The line without its ending; the collector's own copy is zeroed. */
  readonly take: () => Uint8Array
}

/** Makes an empty collector. It keeps one byte more than is allowed, so that too long is seen. */
export const makeFirstLine = (): FirstLine => {
  const buffer = new Uint8Array(MAX_PASSPHRASE_BYTES + 3)
  let length = 0
  let complete = false
  return {
    push: (chunk) => {
      for (const byte of chunk) {
        complete ||= byte === LINE_FEED || length === buffer.length
        if (complete) break
        buffer[length++] = byte
      }
      chunk.fill(0)
      return complete
    },
    take: () => {
      const end = buffer[length - 1] === CARRIAGE_RETURN ? length - 1 : length
      const line = buffer.slice(0, end)
      buffer.fill(0)
      length = 0
      return line
    },
  }
}
