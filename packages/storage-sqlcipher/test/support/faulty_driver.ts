import type { Driver, SqlConnection } from "../../src/driver/port.ts"

/** An error as an engine throws it. */
export class EngineError extends Error {
  readonly code: string

  constructor(code: string) {
    super("planted")
    this.code = code
  }
}

/** Where and how the next fault strikes. */
export interface PlantedFault {
  /** The beginning of the statement. */
  readonly statement: string
  /** The engine's code. */
  readonly code: string
  /** Whether the statement takes effect all the same. */
  readonly applied: boolean
}

/** A driver that fails once for every planted fault. */
export function faultyDriver(
  driver: Driver,
): { readonly driver: Driver; readonly plant: (fault: PlantedFault) => void } {
  const faults: Array<PlantedFault> = []
  const strike = <A>(sql: string, run: () => A): A => {
    const at = faults.findIndex((fault) => sql.startsWith(fault.statement))
    const [fault] = at < 0 ? [] : faults.splice(at, 1)
    if (fault === undefined) return run()
    if (fault.applied) run()
    throw new EngineError(fault.code)
  }
  const wrap = (connection: SqlConnection): SqlConnection => ({
    ...connection,
    prepare: (sql) => {
      const statement = connection.prepare(sql)
      return {
        run: (...values) => strike(sql, () => statement.run(...values)),
        get: (...values) => strike(sql, () => statement.get(...values)),
        all: (...values) => strike(sql, () => statement.all(...values)),
      }
    },
  })
  return {
    driver: { ...driver, open: (request) => wrap(driver.open(request)) },
    plant: (fault) => faults.push(fault),
  }
}
