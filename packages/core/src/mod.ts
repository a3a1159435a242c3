/**
 * The Marmot protocol: end-to-end encrypted group messaging, MLS over Nostr.
 *
 * @module
 */
export * from "./services/mod.ts"
