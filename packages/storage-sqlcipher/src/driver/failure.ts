/**
 * What an engine's error means.
 *
 * @module
 */
import { StorageError, type StorageErrorFields, type StorageErrorReason } from "@mdk/core/services"
import * as Redacted from "effect/Redacted"
import { UnsafeFileError } from "../files/unsafe_file_error.ts"
import { SettingError, sqliteCode } from "./port.ts"

/** The reason for an engine's or a file system's error outside of COMMIT. */
export function reasonFor(error: unknown): StorageErrorReason {
  if (error instanceof SettingError) return "unsupported-runtime"
  if (error instanceof UnsafeFileError) return "unsafe-file"
  const code = sqliteCode(error)
  if (code === "") return fileReason(error)
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) return "busy"
  // The index of a log has its whole size from the beginning: only a full disk refuses it.
  if (code.startsWith("SQLITE_FULL") || code === "SQLITE_IOERR_SHMSIZE") return "full"
  if (code.startsWith("SQLITE_READONLY")) return "read-only"
  // A keyed connection that meets a page it cannot authenticate says one of these; SQLCipher says
  // SQLITE_ERROR, which the fixed statements of this package do not cause otherwise.
  if (/^SQLITE_(CORRUPT|NOTADB|ERROR$)/.test(code)) return "damaged"
  return "io"
}

/** Reasons for errors of the file system (`error.code`). */
function fileReason(error: unknown): StorageErrorReason {
  const code = typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return "full"
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return "read-only"
    case "ELOOP":
      return "unsafe-file"
    default:
      return "io"
  }
}

/** A {@link StorageError} that hides what caused it. */
export const failureOf = (
  operation: StorageErrorFields["operation"],
  error: unknown,
  reason: StorageErrorReason = reasonFor(error),
): StorageError =>
  error instanceof StorageError
    ? error
    : new StorageError({ operation, reason, cause: Redacted.make(error) })

/** A {@link StorageError} without a cause. */
export const refusal = (
  operation: StorageErrorFields["operation"],
  reason: StorageErrorReason,
): StorageError => new StorageError({ operation, reason })
