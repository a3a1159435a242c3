/**
 * What the tests of this folder need: to know which Secret Service they were given, and programs of
 * other authors to look at it with.
 *
 * `MDK_SECRET_SERVICE` names the state of the Secret Service and is set by the script that made it.
 *
 * @module
 */
import type { KeyStoreError, KeyStoreErrorReason } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { execFileSync, spawnSync } from "node:child_process"
import { it } from "node:test"
import process from "node:process"

/** A state of the Secret Service: a mode of the wrapper script, or one whose daemon may be killed. */
export type SecretServiceState =
  | "unlocked"
  | "locked"
  | "wrong-password"
  | "no-collection"
  | "no-provider"
  | "no-bus"
  | "daemon"
  | "keyutils"

/** The state that the script made, undefined when there is none. */
export const state: string | undefined = process.env["MDK_SECRET_SERVICE"]

/** Registers tests in the states that they are about, one skipped test with the reason elsewhere. */
export const inState = (states: ReadonlyArray<SecretServiceState>, register: () => void): void => {
  if (states.some((one) => one === state)) return register()
  const reason = `needs a Secret Service that is ${
    states.join(" or ")
  }: run .ci/secret-service-suite`
  process.stdout.write(`# SKIP ${reason}\n`)
  it(`in state ${states.join(" or ")}`, { skip: reason }, () => {})
}

/** Runs an Effect in its scope. */
export const run = <A>(effect: Effect.Effect<A, KeyStoreError>): Promise<A> =>
  Effect.runPromise(effect)

/** The reason with which an Effect fails. */
export const reasonOf = async <A>(
  effect: Effect.Effect<A, KeyStoreError>,
): Promise<KeyStoreErrorReason | "succeeded"> => {
  const result = await Effect.runPromise(Effect.result(effect))
  return Result.isFailure(result) ? result.failure.reason : "succeeded"
}

/** A fresh random key, hidden. */
export const freshKey = (): Redacted.Redacted<Uint8Array> =>
  Redacted.make(globalThis.crypto.getRandomValues(new Uint8Array(32)))

/** `secret-tool store`: an item with these attributes in the default collection. */
export const secretToolStore = (
  attributes: ReadonlyArray<string>,
  secret: string,
  label = "planted",
): void => {
  execFileSync("secret-tool", ["store", `--label=${label}`, ...attributes], { input: secret })
}

/** `secret-tool lookup`: the secret's bytes, undefined when nothing was found. */
export const secretToolLookup = (attributes: ReadonlyArray<string>): Uint8Array | undefined => {
  const { status, stdout } = spawnSync("secret-tool", ["lookup", ...attributes])
  return status === 0 ? new Uint8Array(stdout) : undefined
}

/** `secret-tool clear`: all items with these attributes. */
export const secretToolClear = (attributes: ReadonlyArray<string>): void => {
  spawnSync("secret-tool", ["clear", ...attributes])
}

const LOGIN = "/org/freedesktop/secrets/collection/login"

/** Closes the collection in which all items are. */
export const lockCollection = (): void => {
  execFileSync("gdbus", [
    "call",
    "--session",
    "--dest",
    "org.freedesktop.secrets",
    "--object-path",
    "/org/freedesktop/secrets",
    "--method",
    "org.freedesktop.Secret.Service.Lock",
    `['${LOGIN}']`,
  ], { stdio: "ignore" })
}

/**
 * Runs a Python program with the `secretstorage` package: a third hand on the Secret Service. The
 * package is Debian's, so it is Debian's Python that has it.
 */
export const python = (program: string, ...parameters: ReadonlyArray<string>): string =>
  execFileSync("/usr/bin/python3", ["-c", program, ...parameters], { encoding: "utf8" })
