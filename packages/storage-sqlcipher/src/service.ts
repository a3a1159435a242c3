/**
 * The storage service over an open connection.
 *
 * @module
 */
import {
  type Batch,
  type Collection,
  type Committed,
  isValidBatch,
  type PageQuery,
  type Range,
  type SearchQuery,
  type StorageCondition,
  type StorageError,
  type StorageErrorFields,
  type StorageErrorReason,
  type StorageService,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { SearchTokens } from "./erase/search_tokens.ts"
import { ValueArena } from "./erase/value_arena.ts"
import { RememberedBatches } from "./batch/remembered_batches.ts"
import { expectationsHold, runVerbs } from "./batch/verbs.ts"
import { WriteAheadLog } from "./batch/write_ahead_log.ts"
import { failureOf, reasonFor, refusal } from "./driver/failure.ts"
import { type SqlConnection, sqliteCode } from "./driver/port.ts"
import { countRows, readPage, readRow, readRows } from "./read/queries.ts"
import { readSearch } from "./read/search.ts"
import { Catalog } from "./schema/catalog.ts"
import { inTransaction, readMeta, writeMeta } from "./schema/migrations.ts"

type Operation = StorageErrorFields["operation"]

/** What a service is made of. */
export interface ServiceParts {
  /** A migrated database. */
  readonly connection: SqlConnection
  /** What the opening found. */
  readonly condition: StorageCondition
  /** The file of the write-ahead log; undefined for a database in memory. */
  readonly wal: string | undefined
  /** True when the opening found a log with content: its database was not closed to the end. */
  readonly hadLog: boolean
}

/** A service and its end. */
export interface OpenService {
  readonly service: StorageService
  /** Ends the service and empties its log; the connection is left to the caller. */
  readonly close: () => void
}

/** Makes the service of an open connection. Throws the engine's error. */
export function makeService(parts: ServiceParts): OpenService {
  const state = new ServiceState(parts)
  const { connection } = parts

  const reading = <A>(
    name: string,
    body: (collection: Collection) => A | undefined,
  ): Effect.Effect<A, StorageError> =>
    Effect.suspend(() => {
      const collection = state.readable(name)
      if (typeof collection === "string") return Effect.fail(refusal("read", collection))
      try {
        const result = body(collection)
        return result === undefined
          ? Effect.fail(refusal("read", "invalid"))
          : Effect.succeed(result)
      } catch (error) {
        return Effect.fail(failureOf("read", error))
      }
    })

  const service: StorageService = {
    condition: parts.condition,
    acknowledgeRestore: state.attempt("maintain", () => {
      inTransaction(connection, () => writeMeta(connection, "restored", 0))
      return undefined
    }),
    declare: (collections: ReadonlyArray<Collection>) =>
      state.attempt("declare", () => state.catalog.declare(collections)),
    get: (name: string, key: string | number) =>
      reading(name, (collection) => readRow(connection, collection, key)),
    getMany: (name: string, keys: ReadonlyArray<string | number>) =>
      reading(name, (collection) => readRows(connection, collection, keys)),
    page: (name: string, query: PageQuery) =>
      reading(name, (collection) => readPage(connection, collection, query)),
    count: (name: string, range: Range, atMost: number) =>
      reading(name, (collection) => countRows(connection, collection, range, atMost)),
    search: (name: string, query: SearchQuery) =>
      reading(name, (collection) => readSearch(connection, state.tokens, collection, query)),
    commit: Effect.fn("Storage.commit")(function* (batch: Batch) {
      const committed = yield* state.commit(batch)
      // Commits that wait for their turn come first: one emptying of the log serves them all.
      if (state.log.erasureIsDue) yield* Effect.yieldNow
      state.maintain()
      return committed
    }),
  }
  return { service, close: () => state.close() }
}

/** Who holds the pen, and what became of the last commit. */
class ServiceState {
  readonly #connection: SqlConnection
  readonly #batches: RememberedBatches
  readonly catalog: Catalog
  readonly log: WriteAheadLog
  readonly tokens: SearchTokens
  readonly #arena: ValueArena
  #open = true
  #uncertain: string | undefined

  constructor({ connection, hadLog, wal }: ServiceParts) {
    this.#connection = connection
    this.#batches = new RememberedBatches(connection)
    this.catalog = new Catalog(connection)
    this.log = new WriteAheadLog(connection, wal)
    this.tokens = new SearchTokens(connection)
    this.#arena = new ValueArena(connection)
    // Finishes what a crash may have interrupted: an erasure, or an emptying that had to wait.
    if (hadLog) this.log.noteCommit(true)
    this.maintain()
  }

  get #closed(): boolean {
    return !this.#open || this.#uncertain !== undefined
  }

  /** The collection of a read, or why there is none. */
  readable(name: string): Collection | StorageErrorReason {
    if (this.#closed) return "closed"
    return this.catalog.declared.get(name) ?? "invalid"
  }

  /** Runs maintenance that answers why it refused, if it did. */
  attempt(
    operation: Operation,
    body: () => StorageErrorReason | undefined,
  ): Effect.Effect<void, StorageError> {
    return Effect.suspend(() => {
      if (this.#closed) return Effect.fail(refusal(operation, "closed"))
      try {
        const reason = body()
        return reason === undefined ? Effect.void : Effect.fail(refusal(operation, reason))
      } catch (error) {
        return Effect.fail(failureOf(operation, error))
      }
    })
  }

  /** Writes a batch: see the contract of `StorageService.commit`. */
  commit(batch: Batch): Effect.Effect<Committed, StorageError> {
    return Effect.suspend(() => {
      try {
        return Effect.succeed(this.#commit(batch))
      } catch (error) {
        return Effect.fail(failureOf("commit", error))
      }
    })
  }

  #commit(batch: Batch): Committed {
    const isRetry = this.#uncertain !== undefined
    if (!this.#open || (isRetry && this.#uncertain !== batch.id)) throw refusal("commit", "closed")
    const declared = this.catalog.declared
    if (!isValidBatch(batch, declared)) throw refusal("commit", "invalid")
    if (isRetry) this.#resolve()
    const before = this.#batches.get(batch.id)
    if (before !== undefined) return { appended: before, repeated: true }

    const writer = { connection: this.#connection, arena: this.#arena, tokens: this.tokens }
    const appended = this.#write(() => {
      writer.connection.prepare("BEGIN IMMEDIATE").run()
      if (!expectationsHold(writer, declared, batch)) throw refusal("commit", "conflict")
      const numbers = runVerbs(writer, declared, batch)
      this.#batches.write(batch.id, numbers)
      return numbers
    })
    this.#conclude(batch.id)
    this.#batches.committed(batch.id, appended)
    this.log.noteCommit(batch.erase === true)
    return { appended, repeated: false }
  }

  /** Until COMMIT runs, every failure means that nothing was written. */
  #write<A>(body: () => A): A {
    try {
      return body()
    } catch (error) {
      this.#undo()
      throw error
    }
  }

  /** Takes a transaction back, in the database and in what is remembered of it. */
  #undo(): void {
    this.#connection.rollback()
    this.#arena.forget()
  }

  #conclude(id: string): void {
    try {
      this.#connection.prepare("COMMIT").run()
    } catch (error) {
      this.#undo()
      // A full disk shows before the frame that makes the transaction valid is complete. After any
      // other failure, one of the log's index included, that frame may be in the log and be found
      // there after a crash.
      const reason = reasonFor(error)
      const isRefused = reason === "busy" || sqliteCode(error).startsWith("SQLITE_FULL")
      if (isRefused) throw failureOf("commit", error, reason)
      this.#uncertain = id
      throw failureOf("commit", error, "outcome-unknown")
    }
  }

  /**
   * Learns what became of the uncertain batch: the database says which batches it holds. Writing
   * something first takes the place of frames that a crash could bring back.
   */
  #resolve(): void {
    const connection = this.#connection
    try {
      inTransaction(connection, () => {
        writeMeta(connection, "generation", readMeta(connection, "generation") ?? 0)
      })
      this.#batches.reload()
      this.#uncertain = undefined
    } catch (error) {
      throw failureOf("commit", error, "outcome-unknown")
    }
  }

  /** Empties the log when that is due. A failure leaves it due: the batch is durable all the same. */
  maintain(): void {
    if (this.#closed) return
    try {
      this.log.maintain()
    } catch (error) {
      if (sqliteCode(error) === "") throw error
    }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.tokens.wipe()
    try {
      this.log.empty()
    } catch {
      // The next opening empties it.
    }
  }
}
