/**
 * Checking a database through and through, also beside its live instance.
 *
 * @module
 */
import type { StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { closeSync, openSync, readSync } from "node:fs"
import { loadDriver } from "../driver/load.ts"
import type { SqlConnection } from "../driver/port.ts"
import { decode } from "../erase/value_arena.ts"
import type { DatabasePaths } from "../files/database_paths.ts"
import { isMissing } from "../files/private_file.ts"
import { schemaState } from "../schema/migrations.ts"
import { attempt } from "./attempt.ts"
import { type Beside, beside, besideConnection } from "./beside.ts"
import { quoted } from "./content_digest.ts"
import { keyBytes } from "./exclusive.ts"
import type { KeyedOptions } from "./options.ts"
import { badPages } from "./page_walk.ts"
import { type OnProgress, reported, silent } from "./progress.ts"
import { isSound } from "./structure.ts"

/** What {@link verifyDatabase} found. */
export interface Verified {
  /** True when nothing is wrong. */
  readonly sound: boolean
  /**
   * Pages whose HMAC was checked by us, free ones included; undefined when this process itself has the
   * database open, for then only the engine may read it, which checks every page in use.
   */
  readonly pages: number | undefined
  /** Pages that are not authentic, and that the write-ahead log does not replace. */
  readonly badPages: number
  /** Whether trees, indexes and full-text indexes are in order. */
  readonly structure: "sound" | "damaged"
  /** Stored values whose checksum was checked; 0 in a database of another program. */
  readonly values: number
  /** Values with a wrong checksum, and rows without a value. */
  readonly badValues: number
}

/**
 * Authenticates every page, checks every tree, index and full-text index, and every stored value.
 *
 * Changes nothing, and works beside a live instance. It does not end at the first damage; what it finds
 * is in its answer, not in its failure. Fails with `wrong-key`, `not-a-database`, `busy` while somebody
 * exchanges the file.
 *
 * Not found is what nobody can find from the file alone: pages or files that are older ones of the same
 * database, put back in their place.
 */
export const verifyDatabase: (options: KeyedOptions) => Effect.Effect<Verified, StorageError> =
  Effect.fn("Storage.verify")(function* (options) {
    const { onProgress = silent, path } = options
    const driver = yield* loadDriver(options.driver)
    const key = yield* keyBytes(options.key)
    return yield* Effect.scoped(Effect.gen(function* () {
      const place = yield* beside(driver, path, key)
      const pages = yield* checkPages(place, key, onProgress)
      const inside = yield* Effect.scoped(
        Effect.flatMap(
          besideConnection(driver, place, { kind: "sqlcipher", key }),
          (connection) => checkInside(connection, onProgress),
        ),
      ).pipe(
        // A file that its own engine cannot even open is damaged, which is an answer here.
        Effect.catchIf(
          (error) => error.reason === "damaged",
          () => Effect.succeed({ structure: "damaged", values: 0, badValues: 0 } as const),
        ),
      )
      yield* attempt(() => onProgress({ step: "done", done: 1, total: 1 }))
      const badPages = pages?.bad ?? 0
      return {
        sound: badPages === 0 && inside.structure === "sound" && inside.badValues === 0,
        pages: pages?.checked,
        badPages,
        ...inside,
      }
    }))
  })

const ATTEMPTS = 5

/**
 * A live instance may be writing a page at the moment when it is read, so what fails is looked at
 * again; and a page that is newer in the log need not be whole in the main file.
 */
const checkPages = Effect.fnUntraced(
  function* ({ isOpenHere, paths }: Beside, key: Uint8Array, onProgress: OnProgress) {
    if (isOpenHere) return undefined
    const walk = { path: paths.main, key, step: "check-pages", onProgress } as const
    let found = yield* badPages(walk)
    for (let tries = 1; found.bad.length > 0 && tries < ATTEMPTS; tries++) {
      yield* Effect.sleep("50 millis")
      const again = yield* badPages({ ...walk, onProgress: silent })
      const before = new Set(found.bad)
      found = { pages: again.pages, bad: again.bad.filter((page) => before.has(page)) }
    }
    const inLog = found.bad.length === 0
      ? new Set<number>()
      : yield* attempt(() => pagesOfLog(paths))
    return { checked: found.pages, bad: found.bad.filter((page) => !inLog.has(page)).length }
  },
) as (
  place: Beside,
  key: Uint8Array,
  onProgress: OnProgress,
) => Effect.Effect<{ readonly checked: number; readonly bad: number } | undefined, StorageError>

const LOG_HEADER = 32
const FRAME_HEADER = 24
const FRAME = FRAME_HEADER + 4096

/** The pages of which the log holds a newer version: frames with the salts of the log's header. */
function pagesOfLog(paths: DatabasePaths): ReadonlySet<number> {
  const pages = new Set<number>()
  let descriptor: number
  try {
    descriptor = openSync(paths.wal, "r")
  } catch (error) {
    if (isMissing(error)) return pages
    throw error
  }
  try {
    const header = new Uint8Array(LOG_HEADER)
    if (readSync(descriptor, header, 0, LOG_HEADER, 0) < LOG_HEADER) return pages
    const frame = new Uint8Array(FRAME_HEADER)
    const view = new DataView(frame.buffer)
    for (let at = LOG_HEADER;; at += FRAME) {
      if (readSync(descriptor, frame, 0, FRAME_HEADER, at) < FRAME_HEADER) return pages
      if (!frame.subarray(8, 16).every((byte, index) => byte === header[16 + index])) return pages
      pages.add(view.getUint32(0))
    }
  } finally {
    closeSync(descriptor)
  }
}

const VALUES_AT_ONCE = 500

const checkInside = Effect.fnUntraced(
  function* (connection: SqlConnection, onProgress: OnProgress) {
    const sound = yield* attempt(() =>
      reported(onProgress, "check-structure", () => isSound(connection, "full"))
    )
    const structure = sound ? "sound" : "damaged"
    const isOurs = yield* attempt(() => schemaState(connection).kind === "ours")
    if (!sound || !isOurs) return { structure, values: 0, badValues: 0 } as const
    const tables = yield* attempt(() =>
      connection.prepare("SELECT name FROM mdk_collections ORDER BY name").all()
        .map((row) => quoted(`c_${row["name"]}`))
    )
    const total = yield* attempt(() =>
      tables.reduce(
        (sum, table) =>
          sum + Number(connection.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]),
        0,
      )
    )
    let values = 0
    let badValues = 0
    for (const table of tables) {
      const statement = connection.prepare(
        `SELECT r.seq, v.value FROM ${table} AS r LEFT JOIN mdk_values AS v ON v.id = r.place ` +
          "WHERE r.seq > ? ORDER BY r.seq LIMIT ?",
      )
      for (let last = -1;;) {
        const rows = yield* attempt(() => {
          onProgress({ step: "check-content", done: values, total })
          return statement.all(last, VALUES_AT_ONCE)
        })
        for (const row of rows) if (!isWhole(row["value"])) badValues += 1
        values += rows.length
        if (rows.length < VALUES_AT_ONCE) break
        last = Number(rows.at(-1)?.["seq"])
        yield* Effect.yieldNow
      }
    }
    yield* attempt(() => onProgress({ step: "check-content", done: values, total }))
    return { structure, values, badValues } as const
  },
)

function isWhole(value: unknown): boolean {
  if (!(value instanceof Uint8Array)) return false
  try {
    decode(value)
    return true
  } catch {
    return false
  }
}
