/**
 * Database keys in the platform's credential store, or in one of the stores for machines that have
 * none. Each namespace is one adapter and provides the same service, `KeyStore` of `@mdk/core`; none
 * ever falls back to another.
 *
 * @module
 */
export * as ExplicitKey from "./explicit/mod.ts"
export * as MemoryKeyring from "./memory/mod.ts"
export * as Passphrase from "./passphrase/mod.ts"
export * as WrappedFile from "./wrapped_file/mod.ts"
