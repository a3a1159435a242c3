/**
 * Storage in a SQLCipher 4 file: encrypted, authenticated page by page, one file per account.
 *
 * @module
 */
export type { SqlcipherDatabase, SqlcipherModule } from "./driver/genuine_sqlcipher.ts"
export type { DriverChoice } from "./driver/load.ts"
export type { SqlValue } from "./driver/port.ts"
export {
  type FileOptions,
  layer,
  layerMemory,
  layerUnencrypted,
  layerWithKey,
  type SqlCipherOptions,
  type UnencryptedOptions,
  type WithKeyOptions,
} from "./layer.ts"
export * from "./lifecycle/mod.ts"
export type { ExistingKeyPolicy } from "./open/key_decision.ts"
