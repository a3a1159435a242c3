/**
 * The default engine: better-sqlite3-multiple-ciphers 13 with its SQLCipher 4 scheme.
 *
 * The order of its settings matters: scheme, then `legacy=4`, then the key, all before the first
 * page is read. In another order it answers `ok` and writes another format, or none at all. Its
 * rollback journals are not those of SQLCipher: only WAL files are exchangeable.
 *
 * @module
 */
import type { Database } from "better-sqlite3-multiple-ciphers"
import { driverOf, type EngineConnection, type EngineStatement } from "./engine.ts"
import {
  type Driver,
  type ProgramStatement,
  type ProgramValue,
  type ProgramValues,
  SettingError,
  type SqlRow,
  type SqlValue,
} from "./port.ts"
import { withRawKey } from "./raw_key.ts"

/** Loads the native engine. Throws what the runtime's loader throws. */
export async function loadMultipleCiphers(): Promise<Driver> {
  const { default: DatabaseClass } = await import("better-sqlite3-multiple-ciphers")
  const driver = driverOf({
    name: "multiple-ciphers",
    connect: (path, timeout) => connectionOf(new DatabaseClass(path, { timeout })),
  })
  return { ...driver, encryptInPlace: (path, key) => encrypt(new DatabaseClass(path), key) }
}

function encrypt(database: Database, key: Uint8Array): void {
  try {
    const set = (source: string, answer: string) => {
      if (String(database.pragma(source, { simple: true })) !== answer) {
        throw new SettingError(source)
      }
    }
    if (key.length !== 32) throw new SettingError("key")
    database.pragma("temp_store=MEMORY")
    set("temp_store", "2")
    // A journal on disk would hold the pages in clear.
    set("journal_mode=DELETE", "delete")
    set("journal_mode=MEMORY", "memory")
    set("cipher='sqlcipher'", "sqlcipher")
    set("legacy=4", "4")
    withRawKey(key, (raw) => database.rekey(raw))
    set("hmac_use", "1")
  } finally {
    database.close()
  }
}

function connectionOf(database: Database): EngineConnection {
  const pragma = (source: string): string => {
    const answer = database.pragma(source, { simple: true })
    return answer === undefined || answer === null ? "" : String(answer)
  }
  return {
    prepare: (sql) => statementOf(database, sql),
    exec: (sql) => {
      database.exec(sql)
    },
    pragma,
    setKey: (key) => {
      if (pragma("cipher='sqlcipher'") !== "sqlcipher") throw new SettingError("cipher")
      if (pragma("legacy=4") !== "4") throw new SettingError("legacy")
      withRawKey(key, (raw) => database.key(raw))
      if (pragma("hmac_use") !== "1") throw new SettingError("hmac_use")
    },
    program: {
      prepare: (sql) => programStatementOf(database, sql),
      inTransaction: () => database.inTransaction,
    },
    close: () => {
      database.close()
    },
  }
}

function statementOf(database: Database, sql: string): EngineStatement {
  const statement = database.prepare<Array<SqlValue>, Record<string, SqlValue>>(sql)
  return {
    run: (values) => {
      const { changes, lastInsertRowid } = statement.run(...values)
      return { changes, lastRowId: Number(lastInsertRowid) }
    },
    get: (values) => {
      const row = statement.get(...values)
      return row === undefined ? undefined : plainBytes(row)
    },
    all: (values) => {
      const rows = statement.all(...values)
      for (const row of rows) plainBytes(row)
      return rows
    },
  }
}

function programStatementOf(database: Database, sql: string): ProgramStatement {
  const statement = database.prepare<Array<ProgramValues | ProgramValue>, Array<ProgramValue>>(sql)
  statement.safeIntegers(true)
  if (statement.reader) statement.raw(true)
  const bound = (values: ProgramValues): Array<ProgramValues | ProgramValue> => {
    if (isList(values)) return [...values]
    return Object.keys(values).length === 0 ? [] : [values]
  }
  return {
    returnsRows: statement.reader,
    readOnly: statement.readonly,
    columns: statement.reader
      ? statement.columns().map(({ name, type }) => ({ name, type: type ?? "" }))
      : [],
    run: (values) => {
      const { changes, lastInsertRowid } = statement.run(...bound(values))
      return { changes, lastRowId: BigInt(lastInsertRowid) }
    },
    rows: (values) => statement.all(...bound(values)),
  }
}

const isList = (values: ProgramValues): values is ReadonlyArray<ProgramValue> =>
  Array.isArray(values)

/** Turns the engine's `Buffer` values into `Uint8Array`s over the same memory, which is theirs alone. */
function plainBytes(row: Record<string, SqlValue>): SqlRow {
  for (const name in row) {
    const value = row[name]
    if (value instanceof Uint8Array) {
      row[name] = value.byteLength === value.buffer.byteLength
        ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
        : new Uint8Array(value)
    }
  }
  return row
}
