/**
 * Synchronous cryptographic primitives and secret bytes.
 *
 * @module
 */
export * from "./secret.ts"
