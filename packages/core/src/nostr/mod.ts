/**
 * nostr
 *
 * @module
 */
export {}
