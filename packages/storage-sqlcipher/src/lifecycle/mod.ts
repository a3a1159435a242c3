/**
 * Operations on a database file as a whole: encryption, another key, backup and restoration, checks,
 * compaction, inspection.
 *
 * @module
 */
export { adoptKeyStore, type AdoptOptions } from "./adopt_key_store.ts"
export { type BackedUp, backupDatabase, type BackupOptions } from "./backup.ts"
export { compactDatabase, type Compacted } from "./compact.ts"
export {
  encryptDatabase,
  encryptDatabaseWithKey,
  type Encrypted,
  type EncryptOptions,
} from "./encrypt.ts"
export {
  inspectDatabase,
  type Inspected,
  type InspectedTable,
  inspectForeignDatabase,
  type InspectOptions,
} from "./inspect.ts"
export type { KeyedOptions, LifecycleOptions } from "./options.ts"
export type { LifecycleProgress, LifecycleStep, OnProgress } from "./progress.ts"
export { rekeyDatabase, type Rekeyed, type RekeyOptions } from "./rekey.ts"
export { type Restored, restoreDatabase, type RestoreOptions } from "./restore.ts"
export { type StoredKeyOptions, withStoredKey } from "./stored_key.ts"
export { type Verified, verifyDatabase } from "./verify.ts"
