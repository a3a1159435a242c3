/**
 * Giving a finished file the name that nobody may have yet.
 *
 * @module
 */
import { linkSync, renameSync } from "node:fs"
import { refusal } from "../driver/failure.ts"
import { removeIfThere } from "../files/durable_write.ts"
import { inspectPrivateFile } from "../files/private_file.ts"
import { isWithoutLinks } from "../files/second_name.ts"

/**
 * Gives a file its name, over no other file: by a second name, which fails when there is one; where the
 * file system knows no second names, by a rename.
 *
 * Throws `unsafe-file` when the name is taken, and every other error of the file system as it is.
 *
 * @param part the file, complete, in the same directory
 * @param to its name
 * @param link gives the second name
 */
export function takeName(
  part: string,
  to: string,
  link: (existing: string, name: string) => void = linkSync,
): void {
  try {
    link(part, to)
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, "code") === "EEXIST") {
      throw refusal("maintain", "unsafe-file")
    }
    if (!isWithoutLinks(error)) throw error
    if (inspectPrivateFile(to) !== undefined) throw refusal("maintain", "unsafe-file")
    renameSync(part, to)
    return
  }
  removeIfThere(part)
}
