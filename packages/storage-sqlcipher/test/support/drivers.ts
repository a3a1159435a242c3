import { createRequire } from "node:module"
import process from "node:process"
import { genuineSqlcipher, type SqlcipherModule } from "../../src/driver/genuine_sqlcipher.ts"
import { loadMultipleCiphers } from "../../src/driver/multiple_ciphers.ts"
import type { Driver } from "../../src/driver/port.ts"

/** The default driver. */
export const defaultDriver: Driver = await loadMultipleCiphers()

/** The genuine driver, or why it is not here. */
export const genuineDriver: Driver | string = loadGenuine()

/** Both drivers that are here. */
export const drivers: ReadonlyArray<Driver> = typeof genuineDriver === "string"
  ? [defaultDriver]
  : [defaultDriver, genuineDriver]

function loadGenuine(): Driver | string {
  const place = process.env["MDK_SQLCIPHER_MODULE"] ?? "@signalapp/sqlcipher"
  try {
    const loaded: SqlcipherModule = createRequire(import.meta.url)(place)
    return genuineSqlcipher(loaded)
  } catch {
    return "the optional package @signalapp/sqlcipher is not installed " +
      "(MDK_SQLCIPHER_MODULE may name its directory)"
  }
}
