/**
 * keytar's entries in the platform's store.
 *
 * @module
 */
export { layer, make } from "./keytar_keyring.ts"
export type { KeytarModule, KeytarOptions } from "./keytar_keyring.ts"
