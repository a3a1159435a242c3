/**
 * Sources of a passphrase: the program, a file descriptor, a command.
 *
 * @module
 */
export { fromCallback } from "./source.ts"
export type { PassphrasePurpose, PassphraseSource } from "./source.ts"
export { fromDescriptor } from "./descriptor.ts"
export { fromCommand } from "./command.ts"
