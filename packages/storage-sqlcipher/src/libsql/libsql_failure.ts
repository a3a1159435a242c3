/**
 * Errors as programs written for libSQL expect them: `LibsqlError` with a code.
 *
 * @module
 */
import { LibsqlBatchError, LibsqlError } from "@libsql/core/api"
import { sqliteCode } from "../driver/port.ts"

/**
 * The error of an engine as a `LibsqlError`: `code` is the primary SQLite result
 * (`SQLITE_CONSTRAINT`), `extendedCode` the whole one (`SQLITE_CONSTRAINT_PRIMARYKEY`).
 *
 * The message is SQLite's. It may name tables and columns of the program, never a value.
 */
export function libsqlFailure(error: unknown): unknown {
  if (error instanceof LibsqlError || !(error instanceof Error)) return error
  const extended = sqliteCode(error)
  if (extended !== "") {
    return new LibsqlError(error.message, primaryCode(extended), extended, undefined, error)
  }
  if (error instanceof RangeError && error.message.includes("more than one statement")) {
    return new LibsqlError("SQL string contains more than one statement", "SQL_MANY_STATEMENTS")
  }
  if (error instanceof RangeError && error.message.includes("contains no statements")) {
    return new LibsqlError("SQL string contains no statement", "SQL_NO_STATEMENT")
  }
  return error
}

/** The same for a statement of a batch. */
export function batchFailure(error: unknown, index: number): unknown {
  const failure = libsqlFailure(error)
  return failure instanceof LibsqlError && !(failure instanceof LibsqlBatchError)
    ? new LibsqlBatchError(
      failure.message,
      index,
      failure.code,
      failure.extendedCode,
      failure.rawCode,
      failure,
    )
    : failure
}

const primaryCode = (extended: string): string => extended.split("_").slice(0, 2).join("_")
