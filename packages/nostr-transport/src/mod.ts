/**
 * @mdk/nostr-transport
 *
 * @module
 */
export {}
