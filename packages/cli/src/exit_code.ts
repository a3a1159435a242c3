/**
 * Exit codes: a table from the error's tag and reason, in the spirit of BSD `sysexits`.
 *
 * | Code | Meaning |
 * |---|---|
 * | 0 | done |
 * | 64 | the command line makes no sense |
 * | 65 | what was given or found is malformed or damaged |
 * | 66 | no such account, group, invitation, message, person or file |
 * | 69 | no relay, key store or signer could be reached, or none acknowledged |
 * | 70 | a fault of the program |
 * | 73 | it exists already, or the place for it is not acceptable |
 * | 74 | reading or writing failed, the disk is full |
 * | 75 | in use by another process; try again |
 * | 76 | the others refuse, or speak another protocol |
 * | 77 | wrong key or passphrase, locked, not allowed |
 * | 78 | this runtime, or the version of what was found, will not do |
 * | 130 | interrupted |
 *
 * @module
 */

/** What an exit code is looked up by. */
export interface Failure {
  /** The error's tag. */
  readonly _tag: string
  /** Its closed reason. */
  readonly reason: string
}

/** Exit code of something that nobody foresaw. */
export const UNEXPECTED = 70

/** Exit code after Ctrl-C. */
export const INTERRUPTED = 130

const TABLE: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  CliError: {
    "usage": 64,
    "malformed-secret-key": 65,
    "malformed-argument": 65,
    "no-terminal": 64,
    "cancelled": 130,
    "unreadable-file": 66,
    "no-account": 66,
    "account-exists": 73,
    "unsafe-home": 73,
    "not-found": 66,
    "ambiguous": 65,
    "not-delivered": 69,
    "demo-failed": 70,
    "port-in-use": 75,
  },
  ArgumentError: { "*": 65 },
  OpenError: {
    "wrong-key": 77,
    "key-missing": 77,
    "not-encrypted": 78,
    "account-in-use": 75,
    "newer-format": 78,
    "damaged": 65,
    "restored-copy": 65,
    "signer-mismatch": 77,
  },
  GroupError: {
    "not-admin": 77,
    "not-author": 77,
    "not-a-member": 77,
    "invalid-argument": 65,
    "too-large": 65,
    "disbanded": 76,
    "unrecoverable": 76,
    "failed": 76,
    "*": 66,
  },
  InviteError: {
    "no-key-package": 66,
    "unknown-invite": 66,
    "already-member": 73,
    "*": 76,
  },
  ServiceError: {
    "no-relay": 69,
    "signer-refused": 77,
    "signer-timeout": 69,
    "key-store": 69,
    "*": 74,
  },
  StorageError: {
    "wrong-key": 77,
    "key-missing": 77,
    "wrong-key-or-damaged": 77,
    "key-exists": 73,
    "key-store": 69,
    "backend-changed": 78,
    "plaintext-file": 78,
    "newer-schema": 78,
    "unsupported-runtime": 78,
    "not-a-database": 65,
    "damaged": 65,
    "foreign-journal": 65,
    "invalid": 70,
    "account-in-use": 75,
    "busy": 75,
    "unsafe-file": 73,
    "*": 74,
  },
  KeyStoreError: {
    "missing": 77,
    "locked": 77,
    "denied": 77,
    "wrong-passphrase": 77,
    "invalid-name": 64,
    "corrupt": 65,
    "ambiguous": 65,
    "backend-changed": 78,
    "unavailable": 69,
    "timed-out": 69,
    "*": 74,
  },
  TransportError: { "no-relay": 69, "*": 69 },
  SignerError: { "unavailable": 69, "timed-out": 69, "*": 77 },
  RelayStartError: { "port-in-use": 75, "*": 69 },
}

/** The exit code of a failure; {@link UNEXPECTED} when its tag is not one of the library's. */
export function exitCodeOf(failure: Failure): number {
  const reasons = TABLE[failure._tag]
  return reasons?.[failure.reason] ?? reasons?.["*"] ?? UNEXPECTED
}
