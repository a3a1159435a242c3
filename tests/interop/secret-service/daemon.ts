/**
 * The daemon behind the Secret Service: stopped, killed and started again by the tests that are about
 * that.
 *
 * @module
 */
import { execFileSync, spawn, type StdioOptions } from "node:child_process"
import { readFileSync } from "node:fs"
import process from "node:process"
import { python } from "./secret_service.ts"

/** The password with which the script made the collection. */
export const PASSWORD = "ci-only-password"

const bus = (method: string, ...parameters: ReadonlyArray<string>): string =>
  execFileSync("gdbus", [
    "call",
    "--session",
    "--dest",
    "org.freedesktop.DBus",
    "--object-path",
    "/org/freedesktop/DBus",
    "--method",
    `org.freedesktop.DBus.${method}`,
    ...parameters,
  ], { encoding: "utf8" })

const SERVICE = "org.freedesktop.secrets"
const isRunning = (): boolean => bus("NameHasOwner", SERVICE).includes("true")

/** Waits. */
export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })

const until = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 200; i++) {
    if (condition()) return
    await pause(50)
  }
  throw new Error("the daemon did not change its state in 10 seconds")
}

/** The daemon's process id. */
export const daemonId = (): number =>
  Number(/uint32 (\d+)/.exec(bus("GetConnectionUnixProcessID", SERVICE))?.[1])

/** The environment with which the daemon was started: its profile is not ours. */
const environmentOf = (id: number): NodeJS.ProcessEnv =>
  Object.fromEntries(
    readFileSync(`/proc/${id}/environ`, "utf8").split("\0").filter((line) => line.includes("="))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  )

let environment: NodeJS.ProcessEnv | undefined

/** Kills the daemon without a word to its clients. */
export const killDaemon = async (): Promise<void> => {
  const id = daemonId()
  environment ??= environmentOf(id)
  process.kill(id, "SIGKILL")
  await until(() => !isRunning())
}

/** Starts a daemon on the same profile. A wrong password is not reported: the collection stays closed. */
export const startDaemon = async (password: string): Promise<void> => {
  if (environment === undefined) throw new Error("no daemon was killed")
  const child = spawn(
    "gnome-keyring-daemon",
    ["--foreground", "--unlock", "--components=secrets"],
    {
      env: environment,
      stdio: ["pipe", "ignore", "ignore"],
    },
  )
  child.stdin.end(password)
  child.unref()
  await until(isRunning)
  if (password === PASSWORD) await until(isOpen)
}

const isOpen = (): boolean => {
  try {
    const stdio = ["pipe", "ignore", "ignore"] satisfies StdioOptions
    execFileSync("secret-tool", ["store", "--label=x", "service", "mdk-ready"], {
      input: "x",
      stdio,
    })
    execFileSync("secret-tool", ["clear", "service", "mdk-ready"], { stdio })
    return true
  } catch {
    return false
  }
}

/** Kills the daemon and starts another one. */
export const restartDaemon = async (password: string = PASSWORD): Promise<void> => {
  await killDaemon()
  await startDaemon(password)
}

/** Stops the daemon: it answers nothing, and may be killed. */
export const stopDaemon = (): number => {
  const id = daemonId()
  process.kill(id, "SIGSTOP")
  return id
}

/** Runs a body while the daemon answers nothing. */
export const whileStopped = async <A>(body: () => Promise<A>): Promise<A> => {
  const id = stopDaemon()
  try {
    return await body()
  } finally {
    process.kill(id, "SIGCONT")
  }
}

/** gnome-keyring's own way to open a collection with its password and no prompt. */
const UNLOCK = `
import sys, secretstorage
from secretstorage.dhcrypto import Session
from secretstorage.util import DBusAddressWrapper, format_secret, open_session
bus = secretstorage.dbus_init()
service = DBusAddressWrapper(
    "/org/freedesktop/secrets", "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface", bus)
service.call("UnlockWithMasterPassword", "o(oayays)",
    "/org/freedesktop/secrets/collection/login",
    format_secret(open_session(bus), sys.argv[1].encode(), "text/plain"))
`

/** Opens a closed collection, as the login of a person does; the daemon stays the same. */
export const openCollection = async (): Promise<void> => {
  python(UNLOCK, PASSWORD)
  await until(isOpen)
}
