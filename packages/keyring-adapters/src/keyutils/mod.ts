/**
 * The Linux kernel's keys as a cache in front of a durable store.
 *
 * @module
 */
export { forget, layer, make } from "./keyutils_cache.ts"
export type { KeyutilsOptions } from "./keyutils_cache.ts"
