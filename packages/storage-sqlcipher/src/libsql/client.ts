/**
 * A `Client` of `@libsql/core` over an encrypted SQLCipher file: programs written for
 * `@libsql/client` run on it unchanged, but for the line that creates the client.
 *
 * @module
 */
import {
  type Client,
  type InArgs,
  type InStatement,
  type IntMode,
  LibsqlError,
  type Replicated,
  type ResultSet,
  type Transaction,
  type TransactionMode,
} from "@libsql/core/api"
import * as Redacted from "effect/Redacted"
import type { SqlConnection } from "../driver/port.ts"
import { batchFailure, libsqlFailure } from "./libsql_failure.ts"
import { requireAllowed } from "./forbidden_sql.ts"
import { execute, type ProgramInput } from "./result.ts"
import { beginTransaction, type EncryptedTransaction, type ProgramSession } from "./transaction.ts"
import { WriteTurn } from "./write_turn.ts"

/** Idle connections that are kept. */
const MAX_IDLE = 4

/** Opens a connection to the client's file. */
export type Connect = () => SqlConnection

/** Begins a connection as this client needs it. Throws a `LibsqlError` for a database of core. */
function sessionOf(connection: SqlConnection): ProgramSession {
  const { program } = connection
  if (program === undefined) {
    connection.close()
    throw new LibsqlError("this engine runs no programs of others", "SQLITE_MISUSE")
  }
  const tables = connection.prepare(
    "SELECT count(*) AS n FROM sqlite_schema WHERE name IN ('mdk_collections', 'mdk_meta')",
  ).get()
  if (tables?.["n"] !== 0) {
    connection.close()
    throw new LibsqlError("the file belongs to an account", "CORE_DATABASE")
  }
  return { connection, program }
}

/** The `Client` of `@libsql/core` for one encrypted file. Made by `createClient`. */
export class EncryptedClient implements Client {
  /** Always `file`. */
  readonly protocol: string = "file"
  readonly #connect: Redacted.Redacted<Connect>
  readonly #intMode: IntMode
  readonly #turn: WriteTurn = new WriteTurn()
  readonly #transactions: Set<EncryptedTransaction> = new Set()
  #idle: Array<ProgramSession> = []
  #closed = false

  /** Opens the first connection, which tells a wrong key. */
  constructor(connect: Connect, intMode: IntMode) {
    this.#connect = Redacted.make(connect)
    this.#intMode = intMode
    this.#idle = [this.#open()]
  }

  /** True after `close`. */
  get closed(): boolean {
    return this.#closed
  }

  /** Runs one statement; accepts its arguments beside it, too. */
  async execute(statement: InStatement, args?: InArgs): Promise<ResultSet> {
    try {
      return await this.#withSession(async (session) => {
        const sql = typeof statement === "string" ? statement : statement.sql
        // Some PRAGMAs take effect when they are prepared.
        requireAllowed(sql)
        const run = () => {
          const result = execute(session.program, statement, this.#intMode, args)
          // Every call has a connection of its own: a transaction cannot outlive it.
          if (session.program.inTransaction()) session.connection.rollback()
          return result
        }
        return session.program.prepare(sql).readOnly ? run() : await this.#turn.during(run)
      })
    } catch (error) {
      throw libsqlFailure(error)
    }
  }

  /** Runs statements in one transaction: all or none. */
  async batch(
    statements: Array<ProgramInput>,
    mode: TransactionMode = "deferred",
  ): Promise<Array<ResultSet>> {
    return await this.#withSession((session) => this.#runBatch(session, statements, mode))
  }

  /** As `batch`, without foreign keys, which are checked again afterwards. */
  async migrate(statements: Array<InStatement>): Promise<Array<ResultSet>> {
    return await this.#withSession(async (session) => {
      session.connection.exec("PRAGMA foreign_keys=off")
      try {
        return await this.#runBatch(session, statements, "deferred")
      } finally {
        session.connection.exec("PRAGMA foreign_keys=on")
      }
    })
  }

  /** Begins an interactive transaction; other calls of this client go on beside it. */
  async transaction(mode: TransactionMode = "write"): Promise<Transaction> {
    const session = this.#take()
    const transaction = await beginTransaction(
      session,
      this.#turn,
      mode,
      this.#intMode,
      (ended) => {
        if (begun !== undefined) this.#transactions.delete(begun)
        this.#give(ended)
      },
    )
    const begun: EncryptedTransaction | undefined = transaction
    this.#transactions.add(transaction)
    return transaction
  }

  /** Runs a script, without a transaction around it. */
  async executeMultiple(sql: string): Promise<void> {
    try {
      requireAllowed(sql)
      await this.#withSession((session) =>
        this.#turn.during(() => {
          try {
            session.connection.exec(sql)
          } finally {
            if (session.program.inTransaction()) session.connection.rollback()
          }
        })
      )
    } catch (error) {
      throw libsqlFailure(error)
    }
  }

  /** Always refused with `SYNC_NOT_SUPPORTED`: an encrypted local file has no remote twin. */
  sync(): Promise<Replicated> {
    return Promise.reject(
      new LibsqlError("sync is not supported for encrypted files", "SYNC_NOT_SUPPORTED"),
    )
  }

  /** Ends every connection and open transaction; nothing that was not committed stays. */
  close(): void {
    this.#closed = true
    for (const transaction of [...this.#transactions]) transaction.close()
    for (const { connection } of this.#idle) connection.close()
    this.#idle = []
  }

  /** Opens the file again after `close`. */
  reconnect(): void {
    this.close()
    this.#closed = false
    this.#idle = [this.#open()]
  }

  async #runBatch(
    session: ProgramSession,
    statements: ReadonlyArray<ProgramInput>,
    mode: TransactionMode,
  ): Promise<Array<ResultSet>> {
    const transaction = await beginTransaction(
      session,
      this.#turn,
      mode === "deferred" ? "write" : mode,
      this.#intMode,
      () => {},
    )
    try {
      const results: Array<ResultSet> = []
      for (const [index, statement] of statements.entries()) {
        try {
          results.push(await transaction.execute(...argumentsOf(statement)))
        } catch (error) {
          throw batchFailure(error, index)
        }
      }
      await transaction.commit()
      return results
    } finally {
      transaction.close()
    }
  }

  async #withSession<A>(use: (session: ProgramSession) => Promise<A>): Promise<A> {
    const session = this.#take()
    try {
      return await use(session)
    } finally {
      this.#give(session)
    }
  }

  #take(): ProgramSession {
    if (this.#closed) throw new LibsqlError("The client is closed", "CLIENT_CLOSED")
    return this.#idle.pop() ?? this.#open()
  }

  #give(session: ProgramSession): void {
    if (this.#closed || this.#idle.length >= MAX_IDLE) session.connection.close()
    else this.#idle.push(session)
  }

  #open(): ProgramSession {
    try {
      return sessionOf(Redacted.value(this.#connect)())
    } catch (error) {
      throw libsqlFailure(error)
    }
  }
}

const argumentsOf = (statement: ProgramInput): [InStatement, InArgs?] =>
  Array.isArray(statement)
    ? statement[1] === undefined ? [statement[0]] : [statement[0], statement[1]]
    : [statement]
