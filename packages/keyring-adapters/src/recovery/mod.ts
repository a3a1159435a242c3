/**
 * Keys on their way out of a store and into another.
 *
 * @module
 */
export { migrate } from "./migrate.ts"
export type { MigrateOptions, Migration } from "./migrate.ts"
export { exportKey, importKey } from "./recovery_key.ts"
export type { ExportConsent } from "./recovery_key.ts"
