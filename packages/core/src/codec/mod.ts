/**
 * Exact reading and writing: the TLS presentation language, hexadecimal, base64, UTF-8, JSON.
 *
 * @module
 */
export * from "./base64.ts"
export * from "./canonical_json.ts"
export * from "./hex.ts"
export * from "./json_reader.ts"
export * from "./tls.ts"
export * from "./utf8.ts"
