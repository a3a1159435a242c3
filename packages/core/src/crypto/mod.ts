/**
 * Synchronous cryptographic primitives and secret bytes.
 *
 * @module
 */
export * from "./default_provider.ts"
export * from "./hkdf.ts"
export * from "./hpke.ts"
export * from "./noble_provider.ts"
export * from "./node_provider.ts"
export * from "./provider.ts"
export * from "./runtime_crypto.ts"
export * from "./secp256k1.ts"
export * from "./secret.ts"
export * from "./sodium_provider.ts"
