/**
 * Changing the key of a database.
 *
 * @module
 */
export { stagedName } from "@mdk/core/services"
export { abandon, promote, rotate, settle, stage } from "./rotation.ts"
export type { RotationKeys, Settlement } from "./rotation.ts"
