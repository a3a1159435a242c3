/**
 * @mdk/storage-sqlcipher
 *
 * @module
 */
export {}
