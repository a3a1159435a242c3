/**
 * The storage benchmark: encrypted beside plaintext on the same engine, in turn within one run, at
 * several lengths of history.
 *
 * Options: `--messages 1000,10000,…` (default up to 100 000; a million takes some minutes to fill) and
 * `--rounds N`. Medians; a round does the same work on both. "insert" is one received message in a
 * batch of its own (three rows, one fsync), "batch" a hundred of them in one.
 *
 * @module
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { Storage, type StorageService } from "../packages/core/src/services/mod.ts"
import { loadMultipleCiphers } from "../packages/storage-sqlcipher/src/driver/multiple_ciphers.ts"
import { layerUnencrypted, layerWithKey } from "../packages/storage-sqlcipher/src/mod.ts"
import { duration, median, ratio, timeEach } from "./measurement.ts"
import { type ReceivedBytes, receivedBytes } from "./storage/received_bytes.ts"
import {
  batch,
  fill,
  firstPage,
  messageVerbs,
  point,
  RARE_HITS,
  RATCHETS,
  search,
  TIMELINE,
} from "./storage/timeline.ts"

/** What is timed. */
export type StorageOperation = "insert" | "batch" | "first page" | "search" | "point"

/** Medians of one operation with so many messages in the database, in microseconds. */
export interface StorageFigure {
  /** Messages in the database. */
  readonly messages: number
  /** What was done. */
  readonly operation: StorageOperation
  /** On an encrypted file. */
  readonly encrypted: number
  /** On a file in clear. */
  readonly plaintext: number
}

const operations: ReadonlyArray<StorageOperation> = [
  "insert",
  "batch",
  "first page",
  "search",
  "point",
]
const BATCH = 100
const HITS = 10
const REPEATS = 20

interface Contestant {
  readonly storage: StorageService
  next: number
}

const settled = <A>(effect: Effect.Effect<A, unknown>): Promise<A> => Effect.runPromise(effect)

async function once(contestant: Contestant, operation: StorageOperation, filled: number) {
  const { storage } = contestant
  switch (operation) {
    case "insert":
      return await settled(storage.commit(batch(messageVerbs(contestant.next++))))
    case "batch": {
      const verbs = Array.from({ length: BATCH }, () => messageVerbs(contestant.next++)).flat()
      return await settled(storage.commit(batch(verbs)))
    }
    case "first page":
      return requireCount(await settled(firstPage(storage)), 50)
    case "search":
      return requireCount(await settled(search(storage, HITS)), Math.min(HITS, RARE_HITS))
    case "point":
      return await settled(point(storage, Math.trunc(filled / 2)))
  }
}

function requireCount(found: number, wanted: number): void {
  if (found > wanted || found === 0) throw new Error(`found ${found} rows, wanted ${wanted}`)
}

async function measure(
  contestants: { readonly encrypted: Contestant; readonly plaintext: Contestant },
  messages: number,
  rounds: number,
): Promise<ReadonlyArray<StorageFigure>> {
  const figures: Array<StorageFigure> = []
  for (const operation of operations) {
    const times = { encrypted: [] as Array<number>, plaintext: [] as Array<number> }
    for (let round = 0; round < rounds; round++) {
      for (const name of ["encrypted", "plaintext"] as const) {
        const contestant = contestants[name]
        times[name].push(
          ...await timeEach(
            operation === "batch" ? 3 : REPEATS,
            () => once(contestant, operation, messages),
          ),
        )
      }
    }
    figures.push({
      messages,
      operation,
      encrypted: median(times.encrypted),
      plaintext: median(times.plaintext),
    })
  }
  return figures
}

/** Runs the benchmark: see the module. */
export async function run(
  args: ReadonlyArray<string>,
  say: (line: string) => void,
): Promise<ReadonlyArray<StorageFigure | ReceivedBytes>> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: "string", default: "1000,10000,100000" },
      rounds: { type: "string", default: "5" },
    },
  })
  const sizes = values.messages.split(",").map(Number).sort((a, b) => a - b)
  const folder = mkdtempSync(join(tmpdir(), "mdk-bench-"))
  const path = join(folder, "encrypted", "bench.db")
  const key = Redacted.make(crypto.getRandomValues(new Uint8Array(32)))
  const figures: Array<StorageFigure | ReceivedBytes> = []
  const body = (encrypted: StorageService, plaintext: StorageService) =>
    Effect.promise(async () => {
      const contestants = {
        encrypted: { storage: encrypted, next: 0 },
        plaintext: { storage: plaintext, next: 0 },
      }
      for (const { storage } of Object.values(contestants)) {
        await settled(storage.declare([TIMELINE, RATCHETS]))
      }
      for (const size of sizes) {
        for (const contestant of Object.values(contestants)) {
          await settled(fill(contestant.storage, contestant.next, size))
          contestant.next = Math.max(contestant.next, size)
        }
        for (const figure of await measure(contestants, size, Number(values.rounds))) {
          figures.push(figure)
          say(lineOf(figure))
        }
      }
    })
  try {
    await Effect.runPromise(
      Effect.scoped(Effect.gen(function* () {
        const encrypted = yield* opened(layerWithKey({ path, key }))
        const plaintext = yield* opened(layerUnencrypted({
          path: join(folder, "plaintext", "bench.db"),
          storeEverythingInClear: true,
        }))
        yield* body(encrypted, plaintext)
        for (const members of [2, 512]) {
          // A file of its own: its log is new and grows with every commit.
          const own = join(folder, `members-${members}`, "bench.db")
          const storage = yield* opened(layerWithKey({ path: own, key }))
          yield* storage.declare([RATCHETS])
          const bytes = yield* Effect.promise(() =>
            whileReading(
              own,
              Redacted.value(key),
              () => settled(receivedBytes(storage, own, members, 50)),
            )
          )
          figures.push(bytes)
          say(
            `received message, ${members} members: ${bytes.parts.toFixed(2)} parts, ` +
              `${bytes.partBytes.toFixed(0)} bytes of parts, ${
                bytes.logBytes.toFixed(0)
              } bytes of log`,
          )
        }
      })).pipe(Effect.provide(Logger.layer([]))),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return figures
}

/** Runs beside an open read transaction: the write-ahead log cannot start over. */
async function whileReading<A>(path: string, key: Uint8Array, run: () => Promise<A>): Promise<A> {
  const driver = await loadMultipleCiphers()
  const reader = driver.open({ path, encryption: { kind: "sqlcipher", key }, mode: "read" })
  try {
    reader.exec("BEGIN")
    reader.prepare("SELECT count(*) AS n FROM sqlite_schema").get()
    return await run()
  } finally {
    reader.rollback()
    reader.close()
  }
}

/** A storage that stays open as long as the scope. */
const opened = <E>(layer: Layer.Layer<Storage, E>): Effect.Effect<StorageService, E, Scope.Scope> =>
  Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, Storage))

const lineOf = ({ messages, operation, encrypted, plaintext }: StorageFigure): string =>
  `${String(messages).padStart(8)} messages  ${operation.padEnd(10)}  encrypted ${
    duration(encrypted).padStart(10)
  }  plaintext ${duration(plaintext).padStart(10)}  ${ratio(encrypted / plaintext)}`
