/**
 * Database keys in the platform's credential store, or in one of the stores for machines that have
 * none. Each namespace is one adapter and provides the same service, `KeyStore` of `@mdk/core`; none
 * ever falls back to another. `KeyRotation` and `KeyRecovery` work on all of them.
 *
 * @module
 */
export * as BunSecrets from "./bun_secrets/mod.ts"
export * as CredentialFile from "./credential_file/mod.ts"
export * as ExplicitKey from "./explicit/mod.ts"
export * as KeyRecovery from "./recovery/mod.ts"
export * as KeyRotation from "./rotation/mod.ts"
export * as Keytar from "./keytar/mod.ts"
export * as KeyutilsCache from "./keyutils/mod.ts"
export * as MemoryKeyring from "./memory/mod.ts"
export * as NativeKeyring from "./native/mod.ts"
export * as Passphrase from "./passphrase/mod.ts"
export * as WrappedFile from "./wrapped_file/mod.ts"
