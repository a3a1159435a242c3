/**
 * Which file this is, over its whole life: its number, and when it came to be.
 *
 * A number alone is used again as soon as its file is gone. A file that is written over in place stays
 * the same file; one that is copied, unpacked or put back after a deletion is another one. Renaming it
 * and changing its mode leave it the same.
 *
 * @module
 */
import type { Stats } from "node:fs"

/**
 * Number and birth of a file as `number:milliseconds`; undefined where the file system or the runtime
 * does not know when it came to be. Some runtimes know milliseconds only, so nothing finer is told.
 */
export function birthOf(
  { birthtimeMs, ino }: Pick<Stats, "birthtimeMs" | "ino">,
): string | undefined {
  const born = Math.trunc(birthtimeMs)
  return Number.isSafeInteger(born) && born > 0 ? `${ino}:${born}` : undefined
}

/** True for the text that {@link birthOf} answers. */
export const isBirth = (value: unknown): value is string =>
  typeof value === "string" && /^[0-9]{1,20}:[0-9]{1,16}$/.test(value)
