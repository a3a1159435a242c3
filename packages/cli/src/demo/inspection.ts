/**
 * What the demo shows of files: header, modes, and whether anything readable is in them.
 *
 * @module
 */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { found, type Needle } from "./needles.ts"

/** A file as it lies on disk. */
export interface FileSight {
  /** Its name in the folder. */
  readonly name: string
  /** Permission bits, octal. */
  readonly mode: string
  /** Size in bytes. */
  readonly bytes: number
  /** The first 16 bytes in hex. */
  readonly header: string
  /** True when it begins like an unencrypted SQLite database or log. */
  readonly plain: boolean
  /** What must not be in it and is. */
  readonly leaks: ReadonlyArray<string>
}

/** Permission bits of a file or folder, octal. */
export function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8).padStart(4, "0")
}

/** Looks at a database and everything beside it whose name begins like it. */
export function inspectDatabase(
  folder: string,
  database: string,
  needles: ReadonlyArray<Needle>,
): ReadonlyArray<FileSight> {
  return readdirSync(folder)
    .filter((name) => name.startsWith(database) && statSync(join(folder, name)).isFile())
    .sort()
    .map((name) => {
      const bytes = readFileSync(join(folder, name))
      return {
        name,
        mode: modeOf(join(folder, name)),
        bytes: bytes.length,
        header: bytes.subarray(0, 16).toString("hex"),
        plain: bytes.subarray(0, 15).toString("latin1") === "SQLite format 3",
        leaks: found(bytes, needles),
      }
    })
}
