/**
 * @mdk/keyring-adapters
 *
 * @module
 */
export {}
