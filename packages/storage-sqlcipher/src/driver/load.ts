/**
 * Loading an engine: when it is needed, and never on a runtime that it would bring down.
 *
 * @module
 */
import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { failureOf, refusal } from "./failure.ts"
import { genuineSqlcipher, loadSqlcipherModule, type SqlcipherModule } from "./genuine_sqlcipher.ts"
import { loadMultipleCiphers } from "./multiple_ciphers.ts"
import type { Driver } from "./port.ts"
import { detectRuntime, refusalOf, type Runtime } from "./runtime.ts"

/**
 * Which engine reads and writes the file. Both write the same format.
 *
 * - `multiple-ciphers` (default): better-sqlite3-multiple-ciphers, MIT
 * - `sqlcipher`: `@signalapp/sqlcipher`, which the application installs itself; AGPL-3.0-only
 * - the module `@signalapp/sqlcipher` itself, for applications that are bundled
 */
export type DriverChoice = "multiple-ciphers" | "sqlcipher" | SqlcipherModule

/**
 * Loads an engine. Fails with `unsupported-runtime`, after one clear line in the log, where the
 * runtime is too old or the engine cannot be loaded.
 */
export const loadDriver: (
  choice?: DriverChoice,
  runtime?: Runtime,
) => Effect.Effect<Driver, StorageError> = Effect.fnUntraced(
  function* (choice: DriverChoice = "multiple-ciphers", runtime: Runtime = detectRuntime()) {
    const line = refusalOf(runtime)
    if (line !== undefined) {
      yield* Effect.logError(line)
      return yield* refusal("open", "unsupported-runtime")
    }
    return yield* Effect.tryPromise({
      try: () => load(choice),
      catch: (error) => failureOf("open", error, "unsupported-runtime"),
    })
  },
)

async function load(choice: DriverChoice): Promise<Driver> {
  if (choice === "multiple-ciphers") return await loadMultipleCiphers()
  return genuineSqlcipher(choice === "sqlcipher" ? await loadSqlcipherModule() : choice)
}
