/**
 * @mdk/testing
 *
 * @module
 */
export * from "./key_store_contract.ts"
export * from "./memory_relay.ts"
export * from "./memory_transport.ts"
export * from "./seeded_entropy.ts"
export * from "./storage_contract.ts"
export * from "./transport_contract.ts"
export * from "./world.ts"
