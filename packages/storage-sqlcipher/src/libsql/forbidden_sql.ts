/**
 * Statements that would take the encryption or the durability of a file away.
 *
 * Not a boundary against a hostile program, which holds the key anyway: a guard against habits.
 *
 * @module
 */
import { LibsqlError } from "@libsql/core/api"

const FORBIDDEN =
  /(?:^|;)(?:\s|--[^\n]*\n|\/\*.*?\*\/)*(?:attach\b|pragma\s+(?:\w+\s*\.\s*)?(?:key|rekey|hexkey|hexrekey|textkey|textrekey|cipher\w*|legacy\w*|hmac_\w+|kdf_\w+|journal_mode|temp_store(?:_directory)?|synchronous|trusted_schema)\b\s*[=(])/is

/**
 * Throws a `LibsqlError` with the code `SQLITE_AUTH` for ATTACH and for the PRAGMAs that this package
 * sets itself (key, cipher, journal mode, temporary store, synchronous).
 */
export function requireAllowed(sql: string): void {
  if (FORBIDDEN.test(sql)) {
    throw new LibsqlError("this statement is not allowed on an encrypted file", "SQLITE_AUTH")
  }
}
