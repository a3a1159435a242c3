/**
 * Runs one statement of a program and gives its result in libSQL's shape.
 *
 * @module
 */
import type { InArgs, InStatement, IntMode, ResultSet, Row } from "@libsql/core/api"
import { ResultSetImpl } from "@libsql/core/util"
import type { ProgramConnection, ProgramStatement, ProgramValue } from "../driver/port.ts"
import { fromSql, splitStatement } from "./values.ts"

/** A statement as programs give it. */
export type ProgramInput = InStatement | [string, InArgs?]

/** Runs a statement. Throws the engine's error. */
export function execute(
  connection: ProgramConnection,
  input: ProgramInput,
  mode: IntMode,
  args?: InArgs,
): ResultSet {
  const { sql, values } = splitStatement(input, args)
  const statement = connection.prepare(sql)
  if (!statement.returnsRows) {
    const { changes, lastRowId } = statement.run(values)
    return new ResultSetImpl([], [], [], changes, lastRowId)
  }
  const rows = statement.rows(values).map((cells) => rowOf(statement, cells, mode))
  const affected = statement.readOnly ? 0 : rows.length
  return new ResultSetImpl(
    statement.columns.map(({ name }) => name),
    statement.columns.map(({ type }) => type),
    rows,
    affected,
    undefined,
  )
}

/** A row that is an array by position and an object by name; names are what enumeration shows. */
function rowOf(
  statement: ProgramStatement,
  cells: ReadonlyArray<ProgramValue>,
  mode: IntMode,
): Row {
  const row: Row = Object.create(null, {
    length: { value: cells.length, enumerable: false, configurable: true, writable: true },
  })
  cells.forEach((cell, index) => {
    const value = fromSql(cell, mode)
    Object.defineProperty(row, index, {
      value,
      enumerable: false,
      configurable: true,
      writable: true,
    })
    const name = statement.columns[index]?.name
    // Of columns with one name the first is found by name.
    if (name !== undefined && !Object.hasOwn(row, name)) {
      Object.defineProperty(row, name, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    }
  })
  return row
}
