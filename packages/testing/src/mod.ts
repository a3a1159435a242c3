/**
 * @mdk/testing
 *
 * @module
 */
export * from "./storage_contract.ts"
