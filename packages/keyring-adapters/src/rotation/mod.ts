/**
 * Changing the key of a database.
 *
 * @module
 */
export { abandon, promote, rotate, settle, stage, stagedName } from "./rotation.ts"
export type { RotationKeys, Settlement } from "./rotation.ts"
