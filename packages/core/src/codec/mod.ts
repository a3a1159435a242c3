/**
 * Encodings that are exact in both directions: what decodes, encodes to the same bytes.
 *
 * @module
 */
export * from "./tls.ts"
