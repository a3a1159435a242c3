/**
 * Errors as one line for a person: what happened and what can be done. Nothing that came from
 * outside is repeated.
 *
 * @module
 */
import type { Failure } from "./exit_code.ts"

const LINES: Readonly<Record<string, string>> = {
  "ArgumentError/search-text":
    "that cannot be searched for; give 1 to 256 characters with a word or a number among them",
  "OpenError/wrong-key": "the key store's key does not open this database",
  "OpenError/key-missing": "the database is there, but its key is not, or the key store is locked",
  "OpenError/not-encrypted":
    "an unencrypted database stands in the account's place; it was not used",
  "OpenError/account-in-use": "this account is open in another process; close that one first",
  "OpenError/newer-format": "the database was written by a newer version of mdk",
  "OpenError/damaged": "the database is damaged",
  "OpenError/restored-copy":
    "this database is a restored or copied one and may not send; see: mdk account reopen --help",
  "OpenError/signer-mismatch": "the secret key belongs to another account than this database",
  "GroupError/unknown-group": "there is no such group here",
  "GroupError/unknown-message": "there is no such message here",
  "GroupError/unknown-intent": "nothing of that id was sent from here",
  "GroupError/not-a-member": "you are no longer a member of this group",
  "GroupError/not-admin": "only an admin of the group may do this",
  "GroupError/not-author": "only the author may do this",
  "GroupError/disbanded": "this group has ended",
  "GroupError/unrecoverable":
    "this group was closed when the account was restored; an admin has to invite you anew",
  "GroupError/invalid-argument": "a name, a text or a list is outside its bounds",
  "GroupError/too-large": "it is too large for what relays carry",
  "GroupError/failed": "it could not be sent; every relay refused it, or the group moved on",
  "InviteError/no-key-package": "this person cannot be invited yet: no KeyPackage was found",
  "InviteError/incompatible": "this person's program lacks what the group requires",
  "InviteError/expired": "the invitation, or the KeyPackage behind it, is too old",
  "InviteError/already-member":
    "this person is in the group already; --again lets in anew who restored a backup",
  "InviteError/unknown-invite": "there is no such invitation here",
  "InviteError/missing-private-key":
    "the private key of the invitation is gone; ask for another one",
  "ServiceError/storage": "the database could not be read or written; nothing was changed",
  "ServiceError/disk-full": "the disk is full; nothing was changed",
  "ServiceError/outcome-unknown": "it is not known whether this was written; start again to see",
  "ServiceError/signer-refused": "the signer refused",
  "ServiceError/signer-timeout": "the signer did not answer",
  "ServiceError/key-store": "the key store failed",
  "ServiceError/no-relay": "no relay could be reached",
  "ServiceError/closed": "the account was closed",
  "StorageError/wrong-key": "the key store's key does not open this database",
  "StorageError/plaintext-file":
    "an unencrypted database stands in the account's place; it was not used",
  "StorageError/not-a-database": "the account's file is not a database, or it was cut",
  "StorageError/damaged": "the database is damaged",
  "StorageError/wrong-key-or-damaged": "the key does not open this database, or it is damaged",
  "StorageError/newer-schema": "the database was written by a newer version of mdk",
  "StorageError/busy": "another process holds the database for a moment; try again",
  "StorageError/account-in-use": "this account is open in another process; close that one first",
  "StorageError/full": "the disk is full; nothing was changed",
  "StorageError/read-only": "the database cannot be written",
  "StorageError/key-missing":
    "the database is there, but its key is not, or the key store is locked",
  "StorageError/key-exists": "there is a key for a database that does not exist; it was not used",
  "StorageError/key-store": "the key store failed",
  "StorageError/backend-changed": "the database's key is recorded in another key store",
  "StorageError/unsafe-file":
    "the database, or the folder around it, is a link, open to other users or not yours",
  "StorageError/foreign-journal": "a journal of another program lies beside the database",
  "StorageError/io": "reading or writing the database failed; nothing was changed",
  "StorageError/outcome-unknown": "it is not known whether this was written; start again to see",
  "StorageError/unsupported-runtime": "this runtime cannot load the database driver",
  "SignerError/rejected": "the signer refused",
  "TransportError/no-relay": "no relay is configured",
  "RelayStartError/port-in-use": "another program listens on this port",
}

/** One line for a failure. */
export function errorLine(failure: Failure & { readonly advice?: unknown }): string {
  const known = LINES[`${failure._tag}/${failure.reason}`]
  if (known !== undefined) return known
  if (failure._tag === "ArgumentError") return `that is not a ${failure.reason.replace("-", " ")}`
  if (typeof failure.advice === "string") return failure.advice.replaceAll(/\s+/g, " ").trim()
  return `${failure._tag.replace(/Error$/, "").toLowerCase()}: ${failure.reason}`
}
