/**
 * The home of one account: a private folder with the encrypted database, the wrapped keys and a
 * settings file that says where the database key is.
 *
 * ```
 * HOME/            0700
 *   mdk.db         the encrypted database (with -wal and -shm while it is open)
 *   keys/          passphrase-wrapped database keys, where that key store is used
 *   settings.json  key store and name of the key; nothing about a person
 * ```
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { homedir } from "node:os"
import { join, resolve } from "node:path"
import process from "node:process"
import { CliError } from "./cli_error.ts"
import { DISK, type Disk, saveSettings, syncNewFolders } from "./settings_change.ts"

/** Where a database key lives. */
export type KeyStoreKind = "wrapped-file" | "native"

/** All values of {@link KeyStoreKind}. */
export const KEY_STORE_KINDS: ReadonlyArray<KeyStoreKind> = ["wrapped-file", "native"]

/** What `settings.json` holds. */
export interface Settings {
  /** Version of this file. */
  readonly version: 1
  /** Where the database key lives. */
  readonly keyStore: KeyStoreKind
  /** Names the database key there; random, so that two homes never share a key. */
  readonly keyId: string
}

/** A home on disk. */
export interface Home {
  /** The folder, absolute. */
  readonly folder: string
  /** The database file. */
  readonly database: string
  /** The folder of wrapped keys. */
  readonly keys: string
}

/** Where the home is when nobody says otherwise: `$XDG_DATA_HOME/mdk` or `~/.local/share/mdk`. */
export function defaultHome(
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const data = env["XDG_DATA_HOME"]
  // The specification says that a relative path is to be ignored.
  const base = data !== undefined && data.startsWith("/") ? data : join(homedir(), ".local/share")
  return join(base, "mdk")
}

/** Names the parts of a home; touches nothing. */
export function homeAt(folder: string): Home {
  const root = resolve(folder)
  return { folder: root, database: join(root, "mdk.db"), keys: join(root, "keys") }
}

const unsafe = (advice: string, cause?: unknown): CliError =>
  new CliError({
    reason: "unsafe-home",
    advice,
    ...(cause === undefined ? {} : { cause: Redacted.make(cause) }),
  })

/**
 * Creates the folder with mode 0700, or checks that an existing one is a folder of ours and closed to
 * others. An existing empty folder is closed. New folders are durable in their parents.
 */
export const prepareHome = (home: Home, disk: Disk = DISK): Effect.Effect<void, CliError> =>
  Effect.try({
    try: () => {
      const first = mkdirSync(home.folder, { recursive: true, mode: 0o700 })
      if (first !== undefined) syncNewFolders(first, home.folder, disk)
      const stat = lstatSync(home.folder)
      if (!stat.isDirectory()) throw unsafe("the home is not a folder")
      if (process.platform === "win32") return
      if (stat.uid !== process.getuid?.()) throw unsafe("the home folder belongs to another user")
      if ((stat.mode & 0o077) === 0) return
      if (readdirSync(home.folder).length > 0) {
        throw unsafe("the home folder is open to other users; close it with chmod 700")
      }
      chmodSync(home.folder, 0o700)
    },
    catch: (error) =>
      error instanceof CliError ? error : unsafe("the home folder cannot be made", error),
  })

const noAccount = (cause?: unknown): CliError =>
  new CliError({
    reason: "no-account",
    advice: "there is no account here yet; make one with: mdk account create",
    ...(cause === undefined ? {} : { cause: Redacted.make(cause) }),
  })

/** Reads the settings; `no-account` when there are none, `unsafe-home` when they are not ours. */
export const readSettings = (home: Home): Effect.Effect<Settings, CliError> =>
  Effect.try({
    try: () => {
      let text: string
      try {
        text = readFileSync(join(home.folder, "settings.json"), "utf8")
      } catch (error) {
        throw noAccount(error)
      }
      const settings: unknown = JSON.parse(text)
      if (!isSettings(settings)) throw unsafe("settings.json is not one of this version of mdk")
      return settings
    },
    catch: (error) =>
      error instanceof CliError ? error : unsafe("settings.json is not readable", error),
  })

/** Writes the settings of a new account durably; `account-exists` when there is one. */
export const writeSettings = (
  home: Home,
  settings: Settings,
  disk: Disk = DISK,
): Effect.Effect<void, CliError> =>
  Effect.try({
    try: () => saveSettings(home, settings, "create", disk),
    catch: (error) =>
      isCode(error, "EEXIST")
        ? new CliError({ reason: "account-exists", advice: "there is an account here already" })
        : unsafe("settings.json cannot be written", error),
  })

function isSettings(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && "version" in value &&
    value.version === 1 && "keyStore" in value &&
    KEY_STORE_KINDS.some((kind) => kind === value.keyStore) && "keyId" in value &&
    typeof value.keyId === "string" && /^[a-z0-9.]{1,80}$/.test(value.keyId)
}

/** Whether a system error has this code. */
export function isCode(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code
}
