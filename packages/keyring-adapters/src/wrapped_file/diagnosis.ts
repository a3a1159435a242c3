/**
 * What a system error means for a folder of wrapped keys.
 *
 * @module
 */
import type { Diagnosis } from "../entry/failure.ts"
import { errorCode, UnsafeFile } from "./key_folder.ts"

/** Total: what nobody knows is `unavailable`. */
export const diagnose = (cause: unknown): Diagnosis => {
  if (cause instanceof UnsafeFile) {
    return {
      reason: "unavailable",
      advice:
        "The key folder must be yours alone: a real folder of mode 0700 with plain files of mode 0600.",
    }
  }
  switch (errorCode(cause)) {
    case "EACCES":
    case "EPERM":
      return { reason: "denied", advice: "This user may not use the key folder." }
    case "EROFS":
      return { reason: "read-only", advice: "The file system of the key folder is read-only." }
    case "ENOSPC":
    case "EDQUOT":
      return { reason: "unavailable", advice: "No space is left for the key. Free some." }
    default:
      return { reason: "unavailable", advice: "The key folder cannot be used." }
  }
}
