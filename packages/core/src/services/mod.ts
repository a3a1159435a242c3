/**
 * The services that core needs and adapters provide: contracts in prose, no logic.
 *
 * @module
 */
export * from "./entropy.ts"
export * from "./key_store.ts"
export * from "./nostr_event.ts"
export * from "./signer.ts"
export * from "./storage.ts"
export * from "./storage_batch.ts"
export * from "./storage_error.ts"
export * from "./storage_order.ts"
export * from "./storage_rules.ts"
export * from "./storage_words.ts"
export * from "./transport.ts"
