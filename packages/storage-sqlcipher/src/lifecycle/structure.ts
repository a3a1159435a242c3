/**
 * Checking the structure of a database by the engine: trees, indexes, full-text indexes.
 *
 * @module
 */
import type { StorageError } from "@mdk/core/services"
import type * as Effect from "effect/Effect"
import { refusal } from "../driver/failure.ts"
import type { SqlConnection } from "../driver/port.ts"
import { attempt } from "./attempt.ts"
import { type OnProgress, reported } from "./progress.ts"

/**
 * True when the engine finds nothing. `quick` leaves out whether indexes match their tables.
 *
 * Every page in use is read, and so authenticated, and virtual tables check themselves (FTS5 does).
 */
export function isSound(connection: SqlConnection, depth: "quick" | "full"): boolean {
  const pragma = depth === "quick" ? "quick_check" : "integrity_check"
  const rows = connection.prepare(`PRAGMA ${pragma}(1)`).all()
  return rows.length === 1 && Object.values(rows[0] ?? {})[0] === "ok"
}

/** As {@link isSound}; fails with `damaged`. */
export const checkStructure = (
  connection: SqlConnection,
  depth: "quick" | "full",
  onProgress: OnProgress,
): Effect.Effect<void, StorageError> =>
  attempt(() =>
    reported(onProgress, "check-structure", () => {
      if (!isSound(connection, depth)) throw refusal("maintain", "damaged")
    })
  )
