/**
 * The driver port: what this package needs of an SQL engine, and nothing more.
 *
 * Two engines stand behind it. Both are synchronous; both throw errors with an SQLite result name
 * (`SQLITE_BUSY`) in `code`.
 *
 * @module
 */

/** A value of SQL. Integers are safe integers; text is well-formed. */
export type SqlValue = string | number | Uint8Array | null

/** A row by column name. */
export type SqlRow = Readonly<Record<string, SqlValue>>

/** A prepared statement of one connection. */
export interface SqlStatement {
  /** Runs a statement that returns no rows; `lastRowId` is that of the last insertion. */
  readonly run: (
    ...values: ReadonlyArray<SqlValue>
  ) => { readonly changes: number; readonly lastRowId: number }
  /** The first row. */
  readonly get: (...values: ReadonlyArray<SqlValue>) => SqlRow | undefined
  /** All rows. Their bytes belong to the caller. */
  readonly all: (...values: ReadonlyArray<SqlValue>) => ReadonlyArray<SqlRow>
}

/** A value of a program's own SQL: integers are read as `bigint`, whatever their size. */
export type ProgramValue = SqlValue | bigint

/** Parameters of a program's own SQL: by position, or by name without prefix. */
export type ProgramValues = ReadonlyArray<ProgramValue> | Readonly<Record<string, ProgramValue>>

/** A statement of a program's own SQL, with all that the engine can say about it. */
export interface ProgramStatement {
  /** True when it returns rows. */
  readonly returnsRows: boolean
  /** True when it cannot change the database. */
  readonly readOnly: boolean
  /** Names and declared types (empty for expressions) of the columns of its rows. */
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: string }>
  /** Runs a statement that returns no rows. */
  readonly run: (values: ProgramValues) => { readonly changes: number; readonly lastRowId: bigint }
  /** All rows, cells in the order of the columns. */
  readonly rows: (values: ProgramValues) => ReadonlyArray<ReadonlyArray<ProgramValue>>
}

/** What a connection offers to programs that bring their own SQL. */
export interface ProgramConnection {
  /** Prepares a statement; the same text gives the same statement again. */
  readonly prepare: (sql: string) => ProgramStatement
  /** True inside of a transaction. */
  readonly inTransaction: () => boolean
}

/** An open connection with its settings made and verified. */
export interface SqlConnection {
  /** Prepares a statement; the same text gives the same statement again. */
  readonly prepare: (sql: string) => SqlStatement
  /** Runs statements without parameters, prepared anew every time. */
  readonly exec: (sql: string) => void
  /** Ends a transaction without its changes; harmless when there is none. */
  readonly rollback: () => void
  /** For programs that bring their own SQL; absent where the engine has no such face. */
  readonly program?: ProgramConnection
  /** Closes the connection. Repeating it is harmless. */
  readonly close: () => void
}

/** How {@link Driver.open} encrypts: a raw 256-bit key, or not at all. */
export type Encryption =
  | { readonly kind: "sqlcipher"; readonly key: Uint8Array }
  | { readonly kind: "none" }

/** What to open. */
export interface OpenRequest {
  /** A path, or `:memory:` (never encrypted). The file must exist, it may be empty. */
  readonly path: string
  /** The key, or that there is none. The bytes stay the caller's. */
  readonly encryption: Encryption
  /**
   * `write` (default) puts the file in WAL mode, `read` never writes to the main file, `lock` makes no
   * settings and touches nothing.
   */
  readonly mode?: "write" | "read" | "lock"
  /** How long to wait for other processes, in milliseconds; default 5000. */
  readonly busyTimeout?: number
}

/** An engine. */
export interface Driver {
  /** Its stable name, recorded nowhere. */
  readonly name: "multiple-ciphers" | "sqlcipher"
  /**
   * Opens a file, sets key and PRAGMAs, and verifies that every one of them took.
   *
   * Throws the engine's error, or {@link SettingError} when a setting did not take.
   */
  readonly open: (request: OpenRequest) => SqlConnection
  /**
   * Encrypts an unencrypted file in place, with a raw key of 32 bytes; only for a copy that nobody else
   * has open, because a crash leaves it unusable. Afterwards it is in rollback journal mode. Takes
   * memory for all of its content. Absent where the engine cannot.
   */
  readonly encryptInPlace?: (path: string, key: Uint8Array) => void
}

/** A setting did not take: the engine is not the one that this package was written for. */
export class SettingError extends Error {
  /** Which setting. */
  readonly setting: string

  constructor(setting: string) {
    super(`the setting ${setting} did not take`)
    this.name = "SettingError"
    this.setting = setting
  }
}

/** The SQLite result name of an error (`SQLITE_IOERR_FSYNC`), empty when it has none. */
export function sqliteCode(error: unknown): string {
  const code = typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined
  return typeof code === "string" && code.startsWith("SQLITE_") ? code : ""
}
