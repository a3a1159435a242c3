/**
 * Keys that the system hands to a service as files.
 *
 * @module
 */
export { layer, layerWith, make } from "./credential_file_store.ts"
export type { CredentialFileOptions } from "./credential_file_store.ts"
