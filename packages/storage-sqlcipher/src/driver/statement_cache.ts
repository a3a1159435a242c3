/**
 * A bounded cache of prepared statements: the one used longest ago leaves first.
 *
 * @module
 */

/** Most statements that are kept prepared. */
export const MAX_STATEMENTS = 256

/** Wraps a `prepare` so that the same text is prepared once. */
export function statementCache<S>(prepare: (sql: string) => S): (sql: string) => S {
  const statements = new Map<string, S>()
  return (sql) => {
    const known = statements.get(sql)
    if (known !== undefined) {
      statements.delete(sql)
      statements.set(sql, known)
      return known
    }
    const statement = prepare(sql)
    statements.set(sql, statement)
    if (statements.size > MAX_STATEMENTS) {
      for (const oldest of statements.keys()) {
        statements.delete(oldest)
        break
      }
    }
    return statement
  }
}
