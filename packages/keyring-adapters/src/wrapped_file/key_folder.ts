/**
 * The files of a folder of wrapped keys.
 *
 * A key is the file with the highest generation among `STEM.GENERATION.mdkkey`, where the stem is
 * derived from its name. A new generation is written to a temporary file, made durable and given its
 * name by a hard link, which fails when that name exists: of two processes that create or replace one
 * key, one wins, without a lock. The older generation goes only when the newer one is durable.
 *
 * @module
 */
import type { KeyName } from "@mdk/core/services"
import { constants } from "node:fs"
import { type FileHandle, link, lstat, mkdir, open, readdir, unlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import process from "node:process"
import { MAX_FILE_LENGTH } from "./file_format.ts"

/** What is wrong with a folder or file that is not acceptable. */
export class UnsafeFile extends Error {}

/** One generation of a key. */
export interface KeyFile {
  /** What the name of the key becomes in the folder. */
  readonly stem: string
  /** 1 for the first. */
  readonly generation: number
  /** The file's name. */
  readonly fileName: string
}

const FILE_NAME = /^([0-9a-f]{32})\.([1-9][0-9]{0,14})\.mdkkey$/
const TEMPORARY = /^\.[0-9a-f]{32}\.[0-9a-f]{16}\.tmp$/
const isWindows = process.platform === "win32"
const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("")

/** Reads the code of a system error. */
export const errorCode = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""

/** The stem of a key's files: independent of what a file system allows in names. */
export const stemOf = async (name: KeyName): Promise<string> => {
  const bytes = new TextEncoder().encode(`${name.serviceId}\0${name.keyId}`)
  return hex(new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes)).slice(0, 16))
}

const refuse = (uid: number, mode: number): void => {
  if (isWindows) return
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) throw new UnsafeFile()
}

/** Makes the folder's entries durable. Windows has no such call. */
const syncFolder = async (folder: string): Promise<void> => {
  if (isWindows) return
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** What systems answer that do not make folders durable, or not for this user or these permissions. */
const REFUSALS: ReadonlySet<string> = new Set([
  "EACCES",
  "EBADF",
  "EINVAL",
  "EISDIR",
  "ENOSYS",
  "ENOTSUP",
  "EOPNOTSUPP",
  "EPERM",
])

const isRefusal = (cause: unknown): boolean =>
  REFUSALS.has(errorCode(cause)) || (cause instanceof Error && cause.name === "NotCapable")

/** Makes new folders durable in their parents, the uppermost first, where the platform allows that. */
const syncParents = async (
  first: string,
  folder: string,
  sync: (folder: string) => Promise<void>,
): Promise<void> => {
  const parents: Array<string> = []
  const top = dirname(first)
  for (let parent = dirname(folder);; parent = dirname(parent)) {
    parents.unshift(parent)
    if (parent === top || parent === dirname(parent)) break
  }
  for (const parent of parents) {
    try {
      await sync(parent)
    } catch (cause) {
      // Folders above ours may belong to others.
      if (!isRefusal(cause)) throw cause
    }
  }
}

/**
 * Creates the folder with mode 0700, or checks that it is ours and closed to everybody else. Folders
 * that were created are durable in their parents.
 *
 * @param folder absolute
 * @param sync makes the entries of a folder durable
 */
export const prepareFolder = async (
  folder: string,
  sync: (folder: string) => Promise<void> = syncFolder,
): Promise<void> => {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 })
  const stat = await lstat(folder)
  if (!stat.isDirectory()) throw new UnsafeFile()
  refuse(stat.uid, stat.mode)
  if (first !== undefined) await syncParents(first, folder, sync)
}

/** The newest generation of every key, by stem, and the names of all files of each. */
const listFolder = async (folder: string): Promise<Map<string, Array<KeyFile>>> => {
  const byStem = new Map<string, Array<KeyFile>>()
  for (const fileName of await readdir(folder)) {
    const [, stem, generation] = FILE_NAME.exec(fileName) ?? []
    if (stem === undefined || generation === undefined) continue
    const files = byStem.get(stem) ?? []
    files.push({ stem, generation: Number(generation), fileName })
    byStem.set(stem, files.sort((a, b) => a.generation - b.generation))
  }
  return byStem
}

/** The current file of every key in the folder. */
export const currentFiles = async (folder: string): Promise<ReadonlyArray<KeyFile>> =>
  [...(await listFolder(folder)).values()].flatMap((files) => files.slice(-1))

const readAll = async (handle: FileHandle): Promise<Uint8Array> => {
  const stat = await handle.stat()
  if (!stat.isFile()) throw new UnsafeFile()
  refuse(stat.uid, stat.mode)
  const buffer = new Uint8Array(MAX_FILE_LENGTH + 1)
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}

/** The bytes of one file, undefined when it is gone. At most one byte more than allowed is read. */
export const readKeyFile = async (
  folder: string,
  file: KeyFile,
): Promise<Uint8Array | undefined> => {
  let handle: FileHandle
  try {
    handle = await open(
      join(folder, file.fileName),
      constants.O_RDONLY | (isWindows ? 0 : constants.O_NOFOLLOW),
    )
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return undefined
    if (errorCode(cause) === "ELOOP") throw new UnsafeFile()
    throw cause
  }
  try {
    return await readAll(handle)
  } finally {
    await handle.close()
  }
}

/** The current file of one key with its bytes, undefined when there is none. */
export const readCurrent = async (
  folder: string,
  stem: string,
): Promise<{ readonly file: KeyFile; readonly bytes: Uint8Array } | undefined> => {
  for (;;) {
    const file = (await listFolder(folder)).get(stem)?.at(-1)
    if (file === undefined) return undefined
    const bytes = await readKeyFile(folder, file)
    // Gone between listing and reading means that a newer generation is there by now.
    if (bytes !== undefined) return { file, bytes }
  }
}

/**
 * Writes a generation; false when another process was faster and nothing was written.
 *
 * @param previous the generation that was read before, undefined when there was none
 * @param random eight random bytes for the temporary name
 */
export const writeGeneration = async (
  folder: string,
  stem: string,
  previous: KeyFile | undefined,
  bytes: Uint8Array,
  random: Uint8Array,
): Promise<boolean> => {
  const temporary = join(folder, `.${stem}.${hex(random)}.tmp`)
  const final = join(folder, `${stem}.${(previous?.generation ?? 0) + 1}.mdkkey`)
  const handle = await open(temporary, "wx", 0o600)
  try {
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await link(temporary, final)
  } catch (cause) {
    if (errorCode(cause) === "EEXIST") return false
    throw cause
  } finally {
    await unlink(temporary)
  }
  await syncFolder(folder)
  if (previous !== undefined) await removeOlder(folder, previous)
  return true
}

const removeOlder = async (folder: string, newest: KeyFile): Promise<void> => {
  for (const file of (await listFolder(folder)).get(newest.stem) ?? []) {
    if (file.generation <= newest.generation) await unlinkIfThere(join(folder, file.fileName))
  }
  await syncFolder(folder)
}

const unlinkIfThere = async (path: string): Promise<void> => {
  try {
    await unlink(path)
  } catch (cause) {
    if (errorCode(cause) !== "ENOENT") throw cause
  }
}

/** Removes all generations, the current one last; false when there was none. */
export const removeKey = async (folder: string, stem: string): Promise<boolean> => {
  const files = (await listFolder(folder)).get(stem) ?? []
  for (const file of files) await unlinkIfThere(join(folder, file.fileName))
  if (files.length > 0) await syncFolder(folder)
  return files.length > 0
}

/**
 * Removes older generations that a killed process left: after a change of the passphrase the old one
 * would open them.
 */
export const sweepOlder = async (folder: string): Promise<void> => {
  const replaced = [...(await listFolder(folder)).values()].filter((files) => files.length > 1)
  if (replaced.length === 0) return
  // Whoever wrote the newer ones may have been killed before they were durable.
  await syncFolder(folder)
  for (const files of replaced) {
    for (const file of files.slice(0, -1)) await unlinkIfThere(join(folder, file.fileName))
  }
  await syncFolder(folder)
}

/** Removes temporary files that a killed process left, once they are older than an hour. */
export const sweepTemporary = async (folder: string, now: number): Promise<void> => {
  for (const fileName of await readdir(folder)) {
    if (!TEMPORARY.test(fileName)) continue
    const path = join(folder, fileName)
    try {
      if ((await lstat(path)).mtimeMs < now - 3_600_000) await unlink(path)
    } catch (cause) {
      if (errorCode(cause) !== "ENOENT") throw cause
    }
  }
}
