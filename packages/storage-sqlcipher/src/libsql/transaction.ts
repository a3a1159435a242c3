/**
 * An interactive transaction on a connection of its own.
 *
 * @module
 */
import {
  type InArgs,
  type InStatement,
  type IntMode,
  LibsqlError,
  type ResultSet,
  type Transaction,
  type TransactionMode,
} from "@libsql/core/api"
import type { ProgramConnection, SqlConnection } from "../driver/port.ts"
import { batchFailure, libsqlFailure } from "./libsql_failure.ts"
import { requireAllowed } from "./forbidden_sql.ts"
import { execute, type ProgramInput } from "./result.ts"
import type { EndTurn, WriteTurn } from "./write_turn.ts"

/** A connection with the face for programs. */
export interface ProgramSession {
  /** The connection. */
  readonly connection: SqlConnection
  /** Its face for programs. */
  readonly program: ProgramConnection
}

/** Takes the turn and begins. `read` transactions refuse to write. */
export async function beginTransaction(
  session: ProgramSession,
  turn: WriteTurn,
  mode: TransactionMode,
  intMode: IntMode,
  release: (session: ProgramSession) => void,
): Promise<EncryptedTransaction> {
  const end = mode === "write" ? await turn.take() : undefined
  try {
    session.connection.exec(mode === "write" ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED")
  } catch (error) {
    end?.()
    release(session)
    throw libsqlFailure(error)
  }
  return new EncryptedTransaction(session, turn, mode, intMode, release, end)
}

/** The `Transaction` of `@libsql/core`. */
export class EncryptedTransaction implements Transaction {
  readonly #session: ProgramSession
  readonly #turn: WriteTurn
  readonly #mode: TransactionMode
  readonly #intMode: IntMode
  readonly #release: (session: ProgramSession) => void
  #endTurn: EndTurn | undefined
  #closed = false

  /** Made by {@link beginTransaction}. */
  constructor(
    session: ProgramSession,
    turn: WriteTurn,
    mode: TransactionMode,
    intMode: IntMode,
    release: (session: ProgramSession) => void,
    endTurn: EndTurn | undefined,
  ) {
    this.#session = session
    this.#turn = turn
    this.#mode = mode
    this.#intMode = intMode
    this.#release = release
    this.#endTurn = endTurn
  }

  /** True after `commit`, `rollback` or `close`, and when SQLite ended the transaction by itself. */
  get closed(): boolean {
    return this.#closed
  }

  /** Runs a statement; accepts its arguments beside it, too. */
  async execute(statement: InStatement, args?: InArgs): Promise<ResultSet> {
    try {
      return await this.#run(statement, args)
    } catch (error) {
      throw libsqlFailure(error)
    }
  }

  /** Runs statements in order; what was done before a failure stays part of the transaction. */
  async batch(statements: Array<InStatement>): Promise<Array<ResultSet>> {
    const results: Array<ResultSet> = []
    for (const [index, statement] of statements.entries()) {
      try {
        results.push(await this.#run(statement))
      } catch (error) {
        throw batchFailure(error, index)
      }
    }
    return results
  }

  /** Runs a script inside of the transaction. */
  async executeMultiple(sql: string): Promise<void> {
    this.#requireOpen()
    try {
      requireAllowed(sql)
      await this.#prepareToWrite()
      this.#session.connection.exec(sql)
    } catch (error) {
      throw libsqlFailure(error)
    }
  }

  /** Undoes everything and ends. */
  rollback(): Promise<void> {
    this.close()
    return Promise.resolve()
  }

  /** Makes everything durable and ends. */
  commit(): Promise<void> {
    try {
      this.#requireOpen()
      this.#session.connection.exec("COMMIT")
      this.#end()
      return Promise.resolve()
    } catch (error) {
      return Promise.reject(libsqlFailure(error))
    }
  }

  /** Ends; undoes what was not committed. */
  close(): void {
    if (this.#closed) return
    this.#session.connection.rollback()
    this.#end()
  }

  async #run(input: ProgramInput, args?: InArgs): Promise<ResultSet> {
    this.#requireOpen()
    const sql = typeof input === "string" ? input : Array.isArray(input) ? input[0] : input.sql
    requireAllowed(sql)
    if (!this.#session.program.prepare(sql).readOnly) await this.#prepareToWrite()
    return execute(this.#session.program, input, this.#intMode, args)
  }

  async #prepareToWrite(): Promise<void> {
    if (this.#mode === "read") {
      throw new LibsqlError("cannot write in a read transaction", "SQLITE_READONLY")
    }
    this.#endTurn ??= await this.#turn.take()
    this.#requireOpen()
  }

  #requireOpen(): void {
    if (!this.#closed && !this.#session.program.inTransaction()) this.#end()
    if (this.#closed) throw new LibsqlError("The transaction is closed", "TRANSACTION_CLOSED")
  }

  #end(): void {
    this.#closed = true
    this.#endTurn?.()
    this.#endTurn = undefined
    this.#release(this.#session)
  }
}
