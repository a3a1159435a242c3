/**
 * The second engine: `@signalapp/sqlcipher`, which is SQLCipher itself.
 *
 * Its licence (AGPL-3.0-only) is why it is an optional peer that is never installed by default:
 * whoever uses it installs it. Its rollback journals are those of SQLCipher.
 *
 * @module
 */
import { driverOf, type EngineConnection, type EngineStatement } from "./engine.ts"
import { type Driver, SettingError, type SqlRow, type SqlValue } from "./port.ts"
import { withRawKey } from "./raw_key.ts"

/** The part of the package's database class that is used here. */
export interface SqlcipherDatabase {
  /** Prepares a statement. */
  readonly prepare: (sql: string) => {
    /** Runs it for its effect. */
    readonly run: (
      values: ReadonlyArray<SqlValue>,
    ) => { readonly changes: number; readonly lastInsertRowid: number }
    /** The first row. */
    readonly get: (values: ReadonlyArray<SqlValue>) => Record<string, SqlValue> | undefined
    /** All rows. */
    readonly all: (values: ReadonlyArray<SqlValue>) => Array<Record<string, SqlValue>>
  }
  /** Runs statements without parameters. */
  readonly exec: (sql: string) => void
  /** The single value that a PRAGMA answers. */
  readonly pragma: (source: string, options: { readonly simple: true }) => unknown
  /** Closes the file. */
  readonly close: () => void
}

/** The part of the package's module that is used here. */
export interface SqlcipherModule {
  /** Opens a file. */
  readonly Database: new (path: string) => SqlcipherDatabase
  /** Takes what the engine would write to the standard error. */
  readonly setLogger: (log: (code: string, message: string) => void) => void
}

/** Loads the package. Throws what the runtime's loader throws when it is not installed. */
export async function loadSqlcipherModule(): Promise<SqlcipherModule> {
  // Not a literal: nothing may take the optional package for a dependency.
  const specifier: string = "@signalapp/sqlcipher"
  const loaded: SqlcipherModule = await import(specifier)
  return loaded
}

/** The driver over a loaded package. */
export function genuineSqlcipher(loaded: SqlcipherModule): Driver {
  // SQLite writes about failures to the standard error otherwise; so does SQLCipher, until its log
  // level is set.
  loaded.setLogger(() => {})
  return driverOf({
    name: "sqlcipher",
    connect: (path, busyTimeout) => {
      const connection = connectionOf(new loaded.Database(path))
      connection.pragma(`busy_timeout=${Math.trunc(busyTimeout)}`)
      return connection
    },
  })
}

function connectionOf(database: SqlcipherDatabase): EngineConnection {
  const pragma = (source: string): string => {
    const answer = database.pragma(source, { simple: true })
    return answer === undefined || answer === null ? "" : String(answer)
  }
  return {
    prepare: (sql) => statementOf(database, sql),
    exec: (sql) => database.exec(sql),
    pragma,
    setKey: (key) => {
      pragma("cipher_log_level=NONE")
      if (!pragma("cipher_version").startsWith("4.")) throw new SettingError("cipher_version")
      // This engine takes its key as SQL text only, and a string cannot be zeroed.
      const isSet = withRawKey(key, (raw) => pragma(`key="${raw.toString("latin1")}"`) === "ok")
      if (!isSet) throw new SettingError("key")
      pragma("cipher_compatibility=4")
      if (pragma("cipher_use_hmac") !== "1") throw new SettingError("cipher_use_hmac")
    },
    close: () => database.close(),
  }
}

// For an empty array of its own the engine binds NULL; an empty view of something is bound as empty.
const EMPTY: Uint8Array = new Uint8Array(1).subarray(1)

function statementOf(database: SqlcipherDatabase, sql: string): EngineStatement {
  const statement = database.prepare(sql)
  const bound = (values: ReadonlyArray<SqlValue>) =>
    values.map((value) => value instanceof Uint8Array && value.length === 0 ? EMPTY : value)
  return {
    run: (values) => {
      const { changes, lastInsertRowid } = statement.run(bound(values))
      return { changes, lastRowId: lastInsertRowid }
    },
    get: (values) => {
      const row = statement.get(bound(values))
      return row === undefined ? undefined : plainBytes(row)
    },
    all: (values) => statement.all(bound(values)).map(plainBytes),
  }
}

function plainBytes(row: Record<string, SqlValue>): SqlRow {
  for (const name in row) {
    const value = row[name]
    if (value instanceof Uint8Array) row[name] = new Uint8Array(value)
  }
  return row
}
