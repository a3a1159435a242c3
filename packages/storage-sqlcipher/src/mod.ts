/**
 * Storage in a SQLCipher 4 file: encrypted, authenticated page by page, one file per account.
 *
 * @module
 */
export type { DriverName } from "./driver/load.ts"
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
export type { ExistingKeyPolicy } from "./open/key_decision.ts"
