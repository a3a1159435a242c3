/**
 * Files of ours: regular, owned by this user, mode 0600 from the moment they exist.
 *
 * None of these functions opens a file that a database connection of this process may hold: closing
 * any descriptor of a file drops all POSIX locks that the process has on it.
 *
 * @module
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
} from "node:fs"
import process from "node:process"
import { ownUserId } from "./private_directory.ts"
import { UnsafeFileError } from "./unsafe_file_error.ts"
import { restrictToCurrentUser } from "./windows_access.ts"

/** What tells two files apart. */
export interface FileIdentity {
  readonly device: bigint | number
  readonly inode: bigint | number
}

/** True when an error says that a file is not there. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error && Reflect.get(error, "code") === "ENOENT"

/** Size and identity of a file of ours, undefined when it does not exist. Does not open it. */
export function inspectPrivateFile(
  path: string,
): { readonly size: number; readonly identity: FileIdentity } | undefined {
  const stats = statOrMissing(path)
  if (stats === undefined) return undefined
  checkOwnFile(stats)
  return { size: stats.size, identity: identityOf(stats) }
}

/** Checks a file of ours and takes looser permissions away; nothing happens when it does not exist. */
export function tightenPrivateFile(path: string): void {
  const stats = statOrMissing(path)
  if (stats === undefined) return
  checkOwnFile(stats)
  if (process.platform === "win32") restrictToCurrentUser(path, "file")
  else if ((stats.mode & 0o777) !== 0o600) chmodSync(path, 0o600)
}

/**
 * Creates an empty file with mode 0600 whatever the umask; undefined when there is one already.
 *
 * @returns an open descriptor that the caller closes
 */
export function createPrivateFile(path: string): number | undefined {
  let descriptor: number
  try {
    const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_RDWR } = constants
    descriptor = openSync(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o600)
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, "code") === "EEXIST") return undefined
    throw error
  }
  try {
    if (process.platform === "win32") restrictToCurrentUser(path, "file")
    else fchmodSync(descriptor, 0o600)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** Fails unless a path still names the file with this identity. */
export function checkIdentity(path: string, expected: FileIdentity): void {
  const now = inspectPrivateFile(path)?.identity
  if (now?.device !== expected.device || now.inode !== expected.inode) {
    throw new UnsafeFileError("exchanged")
  }
}

/** The identity of an open file. */
export const identityOfDescriptor = (descriptor: number): FileIdentity =>
  identityOf(fstatSync(descriptor))

/**
 * Reads the first bytes of a file of ours. Only while no connection of this process has it open.
 *
 * @returns fewer bytes where the file is shorter, and which file they are of
 */
export function readFirstBytes(
  path: string,
  length: number,
): { readonly bytes: Uint8Array; readonly identity: FileIdentity } {
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  try {
    checkOwnFile(fstatSync(descriptor))
    const bytes = new Uint8Array(length)
    const read = readSync(descriptor, bytes, 0, length, 0)
    return { bytes: bytes.subarray(0, read), identity: identityOfDescriptor(descriptor) }
  } finally {
    closeSync(descriptor)
  }
}

function statOrMissing(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function checkOwnFile(stats: Stats): void {
  if (stats.isSymbolicLink()) throw new UnsafeFileError("symbolic-link")
  if (!stats.isFile()) throw new UnsafeFileError("not-a-regular-file")
  if (process.platform === "win32") return
  if (stats.uid !== ownUserId()) throw new UnsafeFileError("foreign-owner")
  // A second name in a directory that is not ours would be a second way to the content.
  if (stats.nlink > 1) throw new UnsafeFileError("several-links")
}

const identityOf = (stats: Stats): FileIdentity => ({ device: stats.dev, inode: stats.ino })
