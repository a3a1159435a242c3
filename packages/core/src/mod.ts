/**
 * The Marmot protocol: end-to-end encrypted group messaging, MLS over Nostr.
 *
 * @module
 */
export * from "./api/mod.ts"
export * from "./shell/connect.ts"
export * from "./mdk.ts"
export * from "./services/mod.ts"
