/**
 * Keys in files that a passphrase opens.
 *
 * @module
 */
export type { Argon2Parameters } from "./argon2_parameters.ts"
export { changePassphrase } from "./change_passphrase.ts"
export type { PassphraseChange } from "./change_passphrase.ts"
export { layer, make } from "./wrapped_file_store.ts"
export type { WrappedFileOptions } from "./wrapped_file_store.ts"
