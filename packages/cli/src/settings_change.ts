/**
 * Writing the settings of a home: after a crash they are the old or the new ones, whole, and what was
 * reported as written stays written. They hold the only copy of the key's name.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import { CliError } from "./cli_error.ts"
import type { Home, Settings } from "./home.ts"

/** The calls by which files become durable; those of `node:fs`. */
export interface Disk {
  /** Opens a file, or a folder to make its entries durable. */
  readonly open: (path: string, flags: "r" | "w", mode?: number) => number
  /** Writes the whole text. */
  readonly write: (descriptor: number, text: string) => void
  /** Makes content, or the entries of a folder, durable. */
  readonly sync: (descriptor: number) => void
  /** Closes a descriptor. */
  readonly close: (descriptor: number) => void
  /** Gives a file a second name; fails with `EEXIST` when that is taken. */
  readonly link: (from: string, to: string) => void
  /** Renames a file over another one. */
  readonly rename: (from: string, to: string) => void
  /** Removes a name. */
  readonly unlink: (path: string) => void
}

/** The real one. */
export const DISK: Disk = {
  open: openSync,
  write: writeFileSync,
  sync: fsyncSync,
  close: closeSync,
  link: linkSync,
  rename: renameSync,
  unlink: unlinkSync,
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

const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === "NotCapable" || "code" in error && REFUSALS.has(String(error.code)))

/** Makes the entries of a folder durable, where the platform allows that. */
const syncFolder = (folder: string, disk: Disk): void => {
  if (process.platform === "win32") return
  try {
    const descriptor = disk.open(folder, "r")
    try {
      disk.sync(descriptor)
    } finally {
      disk.close(descriptor)
    }
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
}

/**
 * Makes new folders durable in their parents, the uppermost first.
 *
 * @param first the uppermost folder that was created, as `mkdir` answers it
 * @param folder the innermost one, absolute
 */
export const syncNewFolders = (first: string, folder: string, disk: Disk): void => {
  const parents: Array<string> = []
  const top = dirname(first)
  for (let parent = dirname(folder);; parent = dirname(parent)) {
    parents.unshift(parent)
    if (parent === top || parent === dirname(parent)) break
  }
  for (const parent of parents) syncFolder(parent, disk)
}

/**
 * Writes `settings.json` as a whole and makes it durable. `create` throws the system's `EEXIST` when
 * there is one, and changes nothing then.
 */
export const saveSettings = (
  home: Home,
  settings: Settings,
  how: "create" | "replace",
  disk: Disk,
): void => {
  const path = join(home.folder, "settings.json")
  // Of this process and this key: two that create one home must not write into one file.
  const temporary = `${path}.${settings.keyId}.${process.pid}.next`
  const descriptor = disk.open(temporary, "w", 0o600)
  let isThere = true
  try {
    try {
      disk.write(descriptor, `${JSON.stringify(settings)}\n`)
      disk.sync(descriptor)
    } finally {
      disk.close(descriptor)
    }
    if (how === "create") disk.link(temporary, path)
    else {
      disk.rename(temporary, path)
      isThere = false
    }
    syncFolder(home.folder, disk)
  } finally {
    if (isThere) disk.unlink(temporary)
  }
}

/** Replaces `settings.json` durably; `unsafe-home` when it cannot be written. */
export const replaceSettings = (
  home: Home,
  settings: Settings,
  disk: Disk = DISK,
): Effect.Effect<void, CliError> =>
  Effect.try({
    try: () => saveSettings(home, settings, "replace", disk),
    catch: (error) =>
      new CliError({
        reason: "unsafe-home",
        advice: "settings.json cannot be written",
        cause: Redacted.make(error),
      }),
  })
