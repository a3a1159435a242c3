/**
 * Keys in memory, with faults on demand.
 *
 * @module
 */
export type { MemoryFault, MemoryStep } from "./faults.ts"
export { layer, layerOf, make } from "./memory_key_store.ts"
export type { MemoryKeyStore, MemoryOptions } from "./memory_key_store.ts"
