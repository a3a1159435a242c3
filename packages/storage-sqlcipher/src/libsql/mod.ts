/**
 * The interface of `@libsql/client` over encrypted SQLCipher files.
 *
 * @module
 */
export type { Connect } from "./client.ts"
export { EncryptedClient } from "./client.ts"
export { createClient, type EncryptedClientConfig } from "./create_client.ts"
