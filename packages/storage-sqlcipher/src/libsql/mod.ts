/**
 * The interface of `@libsql/client` over encrypted SQLCipher files.
 *
 * @module
 */
export { createClient, type EncryptedClientConfig } from "./create_client.ts"
