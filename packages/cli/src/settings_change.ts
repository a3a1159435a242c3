/**
 * Changing the settings of a home: after a crash they are the old or the new ones, whole.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs"
import { join } from "node:path"
import { CliError } from "./cli_error.ts"
import type { Home, Settings } from "./home.ts"

/** Replaces `settings.json`; `unsafe-home` when it cannot be written. */
export const replaceSettings = (home: Home, settings: Settings): Effect.Effect<void, CliError> =>
  Effect.try({
    try: () => {
      const path = join(home.folder, "settings.json")
      const descriptor = openSync(`${path}.next`, "w", 0o600)
      try {
        writeSync(descriptor, `${JSON.stringify(settings)}\n`)
        fsyncSync(descriptor)
      } finally {
        closeSync(descriptor)
      }
      renameSync(`${path}.next`, path)
    },
    catch: (error) =>
      new CliError({
        reason: "unsafe-home",
        advice: "settings.json cannot be written",
        cause: Redacted.make(error),
      }),
  })
