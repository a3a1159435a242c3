/**
 * Reads one credential file under the rules of its folder.
 *
 * @module
 */
import { constants } from "node:fs"
import { type FileHandle, lstat, open, realpath } from "node:fs/promises"
import { join, sep } from "node:path"
import process from "node:process"

/** How much the folder is trusted. */
export type FolderRules =
  /** systemd's: a real folder and real files, of this user or of root, closed to all others. */
  | "strict"
  /** Docker's and Kubernetes': readable by others, and links that stay inside the folder. */
  | "mounted"

/** Why a file was not read. */
export class UnsafeCredential extends Error {}

/** No credential that is a key is longer: the written form and a line ending. */
const MAX_LENGTH = 256
const isWindows = process.platform === "win32"

/** Write for anybody else, and any access for people outside the group (access lists show there). */
const FORBIDDEN_STRICT = 0o027
/** Write for anybody else. */
const FORBIDDEN_MOUNTED = 0o022

const check = (uid: number, mode: number, forbidden: number): void => {
  if (isWindows) return
  const isOurs = uid === 0 || uid === process.getuid?.()
  if (!isOurs || (mode & forbidden) !== 0) throw new UnsafeCredential()
}

const readBounded = async (handle: FileHandle, rules: FolderRules): Promise<Uint8Array> => {
  const stat = await handle.stat()
  if (!stat.isFile()) throw new UnsafeCredential()
  check(stat.uid, stat.mode, rules === "strict" ? FORBIDDEN_STRICT : FORBIDDEN_MOUNTED)
  const buffer = new Uint8Array(MAX_LENGTH + 1)
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  const bytes = buffer.slice(0, length)
  buffer.fill(0)
  return bytes
}

/** The path to open: the file itself, or where its links end inside the folder. */
const resolveFile = async (folder: string, file: string, rules: FolderRules): Promise<string> => {
  const path = join(folder, file)
  if (rules === "strict") {
    const stat = await lstat(folder)
    if (!stat.isDirectory()) throw new UnsafeCredential()
    check(stat.uid, stat.mode, FORBIDDEN_STRICT)
    return path
  }
  const [root, target] = [await realpath(folder), await realpath(path)]
  if (!target.startsWith(root.endsWith(sep) ? root : root + sep)) throw new UnsafeCredential()
  return target
}

/**
 * Reads a credential, undefined when there is no such file. At most 257 bytes are read. The caller
 * zeroes them.
 *
 * @throws UnsafeCredential for owners, modes, links and kinds of file that the rules forbid
 */
export const readCredential = async (
  folder: string,
  file: string,
  rules: FolderRules,
): Promise<Uint8Array | undefined> => {
  const bytes = await tryRead(folder, file, rules)
  // Kubernetes swaps a link when it renews secrets: the file may have moved while it was looked up.
  return bytes === undefined && rules === "mounted" ? await tryRead(folder, file, rules) : bytes
}

const tryRead = async (
  folder: string,
  file: string,
  rules: FolderRules,
): Promise<Uint8Array | undefined> => {
  let handle: FileHandle
  try {
    handle = await open(
      await resolveFile(folder, file, rules),
      // Not blocking: a pipe in the place of a file must not hang the program.
      constants.O_RDONLY | (isWindows ? 0 : constants.O_NOFOLLOW | constants.O_NONBLOCK),
    )
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined
    if (code === "ENOENT") return undefined
    if (code === "ELOOP") throw new UnsafeCredential()
    throw cause
  }
  try {
    return await readBounded(handle, rules)
  } finally {
    await handle.close()
  }
}
