/**
 * @mdk/storage-memory
 *
 * @module
 */
export {}
