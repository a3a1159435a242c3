/**
 * One connection over any engine: key, settings and their verification in one place.
 *
 * @module
 */
import type {
  Driver,
  Encryption,
  OpenRequest,
  ProgramConnection,
  SqlConnection,
  SqlRow,
  SqlStatement,
  SqlValue,
} from "./port.ts"
import { SettingError } from "./port.ts"
import { statementCache } from "./statement_cache.ts"

/** A raw statement as an engine gives it. */
export interface EngineStatement {
  readonly run: (
    values: ReadonlyArray<SqlValue>,
  ) => { readonly changes: number; readonly lastRowId: number }
  readonly all: (values: ReadonlyArray<SqlValue>) => ReadonlyArray<SqlRow>
  readonly get: (values: ReadonlyArray<SqlValue>) => SqlRow | undefined
}

/** A raw connection as an engine gives it. */
export interface EngineConnection {
  readonly prepare: (sql: string) => EngineStatement
  readonly exec: (sql: string) => void
  /** The single value that a PRAGMA answers, as text; empty when it answers nothing. */
  readonly pragma: (source: string) => string
  /** Chooses the SQLCipher 4 scheme and sets the key; throws {@link SettingError}. */
  readonly setKey: (key: Uint8Array) => void
  /** For programs that bring their own SQL. */
  readonly program?: ProgramConnection
  readonly close: () => void
}

/** An engine below the port. */
export interface Engine {
  readonly name: Driver["name"]
  readonly connect: (path: string, busyTimeout: number) => EngineConnection
}

const KEY_LENGTH = 32

/** WAL pages after which a commit checkpoints by itself. */
const AUTOCHECKPOINT_PAGES = 1000

/** Bytes to which the WAL file is cut back after a checkpoint. */
const WAL_LIMIT_BYTES = 4 * 1024 * 1024

/** Makes a driver of an engine. */
export const driverOf = (engine: Engine): Driver => ({
  name: engine.name,
  open: (request) => open(engine, request),
})

function open(engine: Engine, request: OpenRequest): SqlConnection {
  const { busyTimeout = 5000, encryption, mode = "write", path } = request
  if (path === "" || (path === ":memory:" && encryption.kind !== "none")) {
    throw new SettingError("path")
  }
  const connection = engine.connect(path, busyTimeout)
  try {
    if (mode !== "lock") configure(connection, encryption, mode, path)
  } catch (error) {
    connection.close()
    throw error
  }
  return portOf(connection)
}

function configure(
  connection: EngineConnection,
  encryption: Encryption,
  mode: "write" | "read",
  path: string,
): void {
  if (encryption.kind === "sqlcipher") {
    // A shorter key would be taken for a passphrase, an empty one for "no encryption".
    if (encryption.key.length !== KEY_LENGTH) throw new SettingError("key")
    connection.setKey(encryption.key)
  }
  const set = (name: string, value: string, answer: string) => {
    connection.pragma(`${name}=${value}`)
    if (connection.pragma(name) !== answer) throw new SettingError(name)
  }
  // Before the first page is read: the engine does not encrypt its temporary files.
  set("temp_store", "MEMORY", "2")
  set("trusted_schema", "OFF", "0")
  set("cell_size_check", "ON", "1")
  // The first read: a wrong key fails here.
  connection.prepare("SELECT count(*) AS n FROM sqlite_schema").get([])
  set("foreign_keys", "ON", "1")
  if (mode === "read") return set("query_only", "ON", "1")
  set("secure_delete", "ON", "1")
  if (path === ":memory:") return
  connection.pragma("journal_mode=WAL")
  if (connection.pragma("journal_mode") !== "wal") throw new SettingError("journal_mode")
  // Without an explicit value the engine falls back to NORMAL after the first write.
  set("synchronous", "FULL", "2")
  set("wal_autocheckpoint", String(AUTOCHECKPOINT_PAGES), String(AUTOCHECKPOINT_PAGES))
  set("journal_size_limit", String(WAL_LIMIT_BYTES), String(WAL_LIMIT_BYTES))
}

function portOf(connection: EngineConnection): SqlConnection {
  let open = true
  const prepare = statementCache((sql): SqlStatement => {
    const statement = connection.prepare(sql)
    return {
      run: (...values) => statement.run(values),
      get: (...values) => statement.get(values),
      all: (...values) => statement.all(values),
    }
  })
  return {
    prepare,
    exec: (sql) => connection.exec(sql),
    ...(connection.program === undefined ? {} : {
      program: {
        prepare: statementCache(connection.program.prepare),
        inTransaction: connection.program.inTransaction,
      },
    }),
    rollback: () => {
      try {
        connection.exec("ROLLBACK")
      } catch {
        // No transaction was active: SQLite had ended it by itself.
      }
    },
    close: () => {
      if (!open) return
      open = false
      connection.close()
    },
  }
}
