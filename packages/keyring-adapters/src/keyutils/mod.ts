/**
 * The Linux kernel's keys as a cache in front of a durable store.
 *
 * @module
 */
export { layer, make } from "./keyutils_cache.ts"
export type { KeyutilsOptions } from "./keyutils_cache.ts"
