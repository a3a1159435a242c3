/**
 * A storage in memory with the same contract as the durable ones, for tests and throw-away accounts.
 *
 * @module
 */
export { MemoryDisk, type MemoryFault } from "./disk.ts"
export { layer, layerOn } from "./layer.ts"
